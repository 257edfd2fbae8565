/*
 * A load generator for WebSocket servers on loopback: raw sockets, frames built beforehand, one epoll loop. It is far
 * cheaper than any server, so that the server is what is measured.
 *
 *   load echo  PORT CONNECTIONS IN_FLIGHT BYTES text|binary SECONDS     each echo is answered with another message
 *   load fan   PORT CONNECTIONS BURST     BYTES text|binary SECONDS     one sends bursts, all receive each of them
 *   load open  PORT CONNECTIONS 0         0     text        SECONDS     handshakes, at most CONNECTIONS open at a time
 *   load hold  PORT CONNECTIONS COUNT     BYTES text|binary SECONDS     holds connections, after COUNT echoes on each
 *
 * Prints `measuring` when its warm-up is over, or `holding`; at the end one line of JSON: messages (handshakes for `open`),
 * seconds, latencies in microseconds, own CPU seconds. The environment may say more:
 *
 *   LOAD_MESSAGE    the payload, instead of BYTES letters
 *   LOAD_DEFLATED   the payload, compressed by permessage-deflate, in hexadecimal: it is offered, and must be agreed on
 *   LOAD_PATH       where to connect, instead of /
 *   LOAD_HELLO      a text to be sent first on each connection
 *   LOAD_GREETINGS  how many messages the server sends on each connection before it is open
 */
#define _GNU_SOURCE
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include "connection.h"

enum { WARMUP_MS = 1500, MAX_SAMPLES = 4000000, READ_BYTES = 1 << 18 };

static frame_row row;
static uint32_t ring;
static int epoll_fd;
static uint64_t messages;
static uint32_t *samples;
static size_t sample_count;

static uint64_t now_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static double cpu_seconds(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (double)usage.ru_utime.tv_sec + (double)usage.ru_stime.tv_sec +
         (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void say(const char *line) {
  puts(line);
  fflush(stdout);
}

static void watch(connection *c) {
  fcntl(c->wire.fd, F_SETFL, O_NONBLOCK);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
  if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, c->wire.fd, &event) < 0) fail("epoll_ctl");
}

/* Sends what is left of `c->unsent`; frames repeat, so any offset is found by its rest. */
static void flush(connection *c) {
  while (c->unsent > 0) {
    size_t within = (row.frame_length - c->unsent % row.frame_length) % row.frame_length;
    size_t most = row.frame_length * row.count - within;
    ssize_t written = wire_write(&c->wire, row.bytes + within, c->unsent < most ? c->unsent : most);
    if (written < 0 && errno == EAGAIN) break;
    if (written < 0) fail("write");
    c->unsent -= (uint64_t)written;
  }
  if (c->is_waiting == (c->unsent > 0)) return;
  c->is_waiting = c->unsent > 0;
  struct epoll_event event = {.events = EPOLLIN | (c->is_waiting ? EPOLLOUT : 0), .data.ptr = c};
  epoll_ctl(epoll_fd, EPOLL_CTL_MOD, c->wire.fd, &event);
}

static void send_messages(connection *c, uint32_t count) {
  uint64_t now = now_us();
  for (uint32_t index = 0; index < count; index++) c->sent_at[(c->oldest + c->in_flight + index) % ring] = now;
  c->in_flight += count;
  c->unsent += (uint64_t)count * row.frame_length;
  flush(c);
}

/* Begins a handshake, and notes when. */
static void knock(connection *c) {
  c->sent_at[0] = now_us();
  begin(c);
}

static void note(uint64_t microseconds) {
  if (sample_count < MAX_SAMPLES) samples[sample_count++] = (uint32_t)microseconds;
}

static void settle(connection *c, uint32_t count, uint64_t now) {
  if (count > c->in_flight) refuse("the server answers more than it was asked");
  for (uint32_t each = 0; each < count; each++) {
    note(now - c->sent_at[c->oldest]);
    c->oldest = (c->oldest + 1) % ring;
  }
  c->in_flight -= count;
}

static int by_size(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return x < y ? -1 : x > y;
}

static uint32_t quantile(double part) {
  return sample_count ? samples[(size_t)(part * (double)(sample_count - 1))] : 0;
}

/* The row of frames that are sent, from the environment or of letters. */
static frame_row message_row(int opcode, size_t bytes, size_t count) {
  const char *deflated = getenv("LOAD_DEFLATED"), *given = getenv("LOAD_MESSAGE");
  if (deflated) {
    bytes = strlen(deflated) / 2;
    uint8_t *payload = malloc(bytes);
    for (size_t at = 0; at < bytes; at++) sscanf(deflated + 2 * at, "%2hhx", &payload[at]);
    return build_frames(FINAL | COMPRESSED | opcode, payload, bytes, count);
  }
  if (given) return build_frames(FINAL | opcode, (const uint8_t *)given, strlen(given), count);
  uint8_t *payload = malloc(bytes + 1);
  for (size_t at = 0; at < bytes; at++) payload[at] = (uint8_t)('a' + at % 26);
  return build_frames(FINAL | opcode, payload, bytes, count);
}

static void prepare_opening(void) {
  const char *path = getenv("LOAD_PATH"), *hello = getenv("LOAD_HELLO"), *greetings = getenv("LOAD_GREETINGS");
  opening.wants_compression = getenv("LOAD_DEFLATED") != NULL;
  if (asprintf(&opening.request,
               "GET %s HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n%s"
               "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
               path ? path : "/",
               opening.wants_compression ? "Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover; "
                                           "server_no_context_takeover\r\n"
                                         : "") < 0)
    fail("asprintf");
  if (hello) opening.hello = build_frames(FINAL | TEXT, (const uint8_t *)hello, strlen(hello), 1);
  if (greetings) opening.greetings = (uint32_t)atol(greetings);
}

int main(int argc, char **argv) {
  if (argc < 8) {
    fprintf(stderr, "load echo|fan|open|hold PORT CONNECTIONS IN_FLIGHT BYTES text|binary SECONDS\n");
    return 2;
  }
  const char *mode = argv[1];
  int is_echo = !strcmp(mode, "echo"), is_fan = !strcmp(mode, "fan"), is_open = !strcmp(mode, "open");
  int is_hold = !strcmp(mode, "hold");
  address.sin_family = AF_INET;
  address.sin_port = htons((uint16_t)atoi(argv[2]));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  size_t count = (size_t)atol(argv[3]);
  uint32_t in_flight = (uint32_t)atol(argv[4]);
  ring = in_flight ? in_flight : 1;
  row = message_row(strcmp(argv[6], "text") == 0 ? TEXT : BINARY, (size_t)atol(argv[5]), ring);
  uint64_t seconds = (uint64_t)atol(argv[7]);
  prepare_opening();

  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  samples = malloc(sizeof *samples * MAX_SAMPLES);
  epoll_fd = epoll_create1(0);
  connection *all = calloc(count, sizeof *all);
  for (size_t index = 0; index < count; index++) {
    all[index].sent_at = calloc(ring, sizeof(uint64_t));
    if (is_open) knock(&all[index]);
    else open_blocking(&all[index]);
    watch(&all[index]);
  }

  uint64_t start = now_us(), measured_from = start + WARMUP_MS * 1000, end = measured_from + seconds * 1000000;
  double cpu_from = 0;
  int is_measuring = 0, is_holding = 0;
  /* What is still to come of a burst, or of the echoes before holding. */
  uint64_t left = (uint64_t)in_flight * count, burst_started = start;
  if (is_echo || is_hold)
    for (size_t index = 0; index < count; index++) send_messages(&all[index], in_flight);
  if (is_fan) send_messages(&all[0], in_flight);

  static uint8_t buffer[READ_BYTES];
  struct epoll_event events[512];
  for (uint64_t now = start; now < end; now = now_us()) {
    if (!is_measuring && now >= measured_from) {
      is_measuring = 1;
      messages = 0;
      sample_count = 0;
      measured_from = now;
      cpu_from = cpu_seconds();
      if (!is_hold) say("measuring");
    }
    if (is_hold && !is_holding && left == 0) {
      is_holding = 1;
      say("holding");
    }
    int ready = epoll_wait(epoll_fd, events, 512, 50);
    for (int index = 0; index < ready; index++) {
      connection *c = events[index].data.ptr;
      if (events[index].events & EPOLLOUT) flush(c);
      if (!(events[index].events & EPOLLIN)) continue;
      do {
        ssize_t length = wire_read(&c->wire, buffer, sizeof buffer);
        if (length < 0 && errno == EAGAIN) break;
        if (length <= 0) refuse("the server ended a connection");
        uint32_t whole = take(c, buffer, (size_t)length);
        if (is_open && c->stage == OPEN) {
          messages++;
          note(now_us() - c->sent_at[0]);
          wire_close(&c->wire);
          knock(c);
          watch(c);
          break;
        }
        if (whole == 0) continue;
        uint64_t at = now_us();
        messages += whole;
        left -= whole;
        if (is_echo || is_hold) settle(c, whole, at);
        if (is_echo) send_messages(c, whole);
        if (is_fan && left == 0) {
          note(at - burst_started);
          left = (uint64_t)in_flight * count;
          burst_started = at;
          all[0].in_flight = 0;
          send_messages(&all[0], in_flight);
        }
      } while (wire_has_more(&c->wire));
    }
  }
  double took = (double)(now_us() - measured_from) / 1e6;
  qsort(samples, sample_count, sizeof *samples, by_size);
  printf("{\"messages\":%llu,\"seconds\":%.3f,\"p50\":%u,\"p99\":%u,\"cpu\":%.3f}\n", (unsigned long long)messages, took,
         quantile(0.5), quantile(0.99), cpu_seconds() - cpu_from);
  return 0;
}
