import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.net.http.WebSocketHandshakeException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Scanner;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** WebSocket client of java.net.http: java JavaClient.java URL [SUBPROTOCOL]; the line protocol is in strangers.ts. */
public class JavaClient implements WebSocket.Listener {
  private final StringBuilder text = new StringBuilder();
  private final StringBuilder hex = new StringBuilder();

  public static void main(String[] args) {
    var builder = HttpClient.newHttpClient().newWebSocketBuilder();
    if (args.length > 1) builder.subprotocols(args[1]);
    try {
      var socket = builder.buildAsync(URI.create(args[0]), new JavaClient()).join();
      obey(socket);
    } catch (CompletionException error) {
      if (error.getCause() instanceof WebSocketHandshakeException refused) {
        say("refused", "\"status\":" + refused.getResponse().statusCode() + ",\"body\":null");
      } else {
        say("error", "\"message\":" + quote(String.valueOf(error.getCause())));
      }
      System.exit(0);
    }
  }

  private static void obey(WebSocket socket) {
    var lines = new Scanner(System.in, StandardCharsets.UTF_8);
    while (lines.hasNextLine()) {
      var line = lines.nextLine();
      switch (field(line, "do")) {
        case "text" -> socket.sendText(field(line, "data"), true).join();
        case "binary" -> socket.sendBinary(ByteBuffer.wrap(HexFormat.of().parseHex(field(line, "hex"))), true).join();
        case "ping" -> socket.sendPing(ByteBuffer.wrap(new byte[] {1})).join();
        case "close" -> socket.sendClose(Integer.parseInt(field(line, "code")), field(line, "reason")).join();
        default -> say("error", "\"message\":" + quote("unknown command " + line));
      }
    }
  }

  @Override
  public void onOpen(WebSocket socket) {
    var chosen = socket.getSubprotocol();
    say("open", "\"subprotocol\":" + (chosen.isEmpty() ? "null" : quote(chosen)));
    socket.request(1);
  }

  @Override
  public CompletionStage<?> onText(WebSocket socket, CharSequence part, boolean last) {
    text.append(part);
    if (last) {
      say("text", "\"data\":" + quote(text.toString()));
      text.setLength(0);
    }
    socket.request(1);
    return null;
  }

  @Override
  public CompletionStage<?> onBinary(WebSocket socket, ByteBuffer part, boolean last) {
    while (part.hasRemaining()) hex.append(HexFormat.of().toHexDigits(part.get()));
    if (last) {
      say("binary", "\"hex\":" + quote(hex.toString()));
      hex.setLength(0);
    }
    socket.request(1);
    return null;
  }

  @Override
  public CompletionStage<?> onPong(WebSocket socket, ByteBuffer message) {
    say("pong", "\"data\":null");
    socket.request(1);
    return null;
  }

  @Override
  public CompletionStage<?> onClose(WebSocket socket, int code, String reason) {
    say("close", "\"code\":" + code + ",\"reason\":" + quote(reason));
    return null;
  }

  @Override
  public void onError(WebSocket socket, Throwable error) {
    say("close", "\"code\":1006,\"reason\":" + quote(String.valueOf(error.getMessage())));
  }

  private static synchronized void say(String event, String fields) {
    var line = "{\"event\":\"" + event + "\"," + fields + "}\n";
    System.out.writeBytes(line.getBytes(StandardCharsets.UTF_8));
    System.out.flush();
  }

  // Java has no JSON reader; the commands are flat objects of strings and numbers.
  private static String field(String line, String name) {
    Matcher found = Pattern.compile("\"" + name + "\":(?:\"((?:[^\"\\\\]|\\\\.)*)\"|(\\d+))").matcher(line);
    if (!found.find()) return "";
    if (found.group(2) != null) return found.group(2);
    return Pattern.compile("\\\\(?:u([0-9a-fA-F]{4})|.)").matcher(found.group(1)).replaceAll(escape -> {
      var code = escape.group(1);
      return Matcher.quoteReplacement(
          code == null ? escape.group().translateEscapes() : String.valueOf((char) Integer.parseInt(code, 16)));
    });
  }

  private static String quote(String value) {
    var json = new StringBuilder("\"");
    for (char c : value.toCharArray()) {
      if (c < 0x20 || c == '"' || c == '\\') json.append(String.format("\\u%04x", (int) c));
      else json.append(c);
    }
    return json.append('"').toString();
  }
}
