// What the pages of page-server.ts have as globals.
declare const WebsocketsSimple: typeof import("@websockets-simple/client");
declare var WebsocketClient: typeof import("@websockets-simple/client").WebsocketClient;
declare const log: string[];
declare const client: import("@websockets-simple/client").WebsocketClient;
declare function start(
  options: import("@websockets-simple/client").ClientOptions,
  token?: import("@websockets-simple/client").TokenSource,
): import("@websockets-simple/client").WebsocketClient;
