/*
 * A load generator for WebSocket servers on loopback: raw sockets, frames built beforehand, one epoll loop. It is far
 * cheaper than any server, so that the server is what is measured.
 *
 *   load echo  PORT CONNECTIONS IN_FLIGHT BYTES text|binary SECONDS     each echo is answered with another message
 *   load fan   PORT CONNECTIONS BURST     BYTES text|binary SECONDS     one sends bursts, all receive each of them
 *   load open  PORT CONNECTIONS 0         0     text        SECONDS     handshakes, at most CONNECTIONS open at a time
 *   load hold  PORT CONNECTIONS 0         0     text        SECONDS     opens connections and holds them
 *
 * Prints one line of JSON: messages (handshakes for `open`), seconds, latencies in microseconds, own CPU seconds.
 * A line of FILE, if the environment's LOAD_MESSAGE names one, is the payload instead of BYTES.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { WARMUP_MS = 1500, MAX_SAMPLES = 4000000, READ_BYTES = 1 << 18 };

typedef struct {
  int fd;
  int upgraded;
  /* Frames in: bytes of the present header and payload that are still to come. */
  uint8_t header[10];
  int header_length;
  uint64_t payload_left;
  /* When each message in flight was sent, as a ring. */
  uint64_t *sent_at;
  uint32_t oldest, in_flight;
  /* Bytes of `frames` that a full socket buffer has not taken yet. */
  uint64_t unsent;
  char head[4];
} connection;

static struct sockaddr_in address;
static uint8_t *frames;
static size_t frame_length, frame_count;
static uint64_t messages;
static uint32_t *samples;
static size_t sample_count;
static int epoll_fd;
static int is_measuring;

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

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static void build_frames(int opcode, const uint8_t *payload, size_t length, size_t count) {
  const uint8_t mask[4] = {0x12, 0x34, 0x56, 0x78};
  size_t header = length < 126 ? 2 : length < 65536 ? 4 : 10;
  frame_length = header + 4 + length;
  frame_count = count;
  frames = malloc(frame_length * count);
  for (size_t index = 0; index < count; index++) {
    uint8_t *at = frames + index * frame_length;
    at[0] = (uint8_t)(0x80 | opcode);
    if (header == 2) {
      at[1] = (uint8_t)(0x80 | length);
    } else if (header == 4) {
      at[1] = 0x80 | 126;
      at[2] = (uint8_t)(length >> 8);
      at[3] = (uint8_t)length;
    } else {
      at[1] = 0x80 | 127;
      for (int byte = 0; byte < 8; byte++) at[2 + byte] = (uint8_t)((uint64_t)length >> (56 - 8 * byte));
    }
    memcpy(at + header, mask, 4);
    for (size_t byte = 0; byte < length; byte++) at[header + 4 + byte] = payload[byte] ^ mask[byte & 3];
  }
}

static void open_connection(connection *c, int blocking) {
  static const char request[] =
      "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
  memset(c, 0, sizeof *c);
  c->fd = socket(AF_INET, SOCK_STREAM, 0);
  if (c->fd < 0) fail("socket");
  int one = 1;
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (connect(c->fd, (struct sockaddr *)&address, sizeof address) < 0) fail("connect");
  if (write(c->fd, request, sizeof request - 1) != (ssize_t)sizeof request - 1) fail("write");
  if (!blocking) return;
  /* Byte by byte to the end of the head: what follows it belongs to the frames. */
  char last[4] = {0};
  while (memcmp(last, "\r\n\r\n", 4) != 0) {
    memmove(last, last + 1, 3);
    if (read(c->fd, last + 3, 1) != 1) fail("upgrade");
  }
  c->upgraded = 1;
}

static void watch(connection *c) {
  fcntl(c->fd, F_SETFL, O_NONBLOCK);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
  if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, c->fd, &event) < 0) fail("epoll_ctl");
}

/* Sends what is left of `c->unsent`; frames repeat, so any offset is found by its rest. */
static void flush(connection *c) {
  while (c->unsent > 0) {
    size_t within = (frame_length - c->unsent % frame_length) % frame_length;
    size_t most = frame_length * frame_count - within;
    ssize_t written = write(c->fd, frames + within, c->unsent < most ? c->unsent : most);
    if (written < 0 && errno == EAGAIN) break;
    if (written < 0) fail("write");
    c->unsent -= (uint64_t)written;
  }
  struct epoll_event event = {.events = EPOLLIN | (c->unsent ? EPOLLOUT : 0), .data.ptr = c};
  static int waiting;
  if (c->unsent || waiting) {
    epoll_ctl(epoll_fd, EPOLL_CTL_MOD, c->fd, &event);
    waiting = 1;
  }
}

static void send_messages(connection *c, uint32_t count, uint32_t ring) {
  uint64_t now = now_us();
  for (uint32_t index = 0; index < count; index++) c->sent_at[(c->oldest + c->in_flight + index) % ring] = now;
  c->in_flight += count;
  c->unsent += (uint64_t)count * frame_length;
  flush(c);
}

/* Counts the whole frames in what was read. */
static uint32_t count_frames(connection *c, const uint8_t *bytes, size_t length) {
  uint32_t whole = 0;
  size_t at = 0;
  while (at < length) {
    if (c->payload_left > 0) {
      size_t part = length - at < c->payload_left ? length - at : (size_t)c->payload_left;
      c->payload_left -= part;
      at += part;
      if (c->payload_left == 0) whole++;
      continue;
    }
    c->header[c->header_length++] = bytes[at++];
    if (c->header_length < 2) continue;
    int needed = (c->header[1] & 127) == 127 ? 10 : (c->header[1] & 127) == 126 ? 4 : 2;
    if (c->header_length < needed) continue;
    if ((c->header[0] & 15) == 8) {
      fprintf(stderr, "the server closed the connection\n");
      exit(1);
    }
    uint64_t payload = c->header[1] & 127;
    if (needed > 2) {
      payload = 0;
      for (int byte = 2; byte < needed; byte++) payload = payload << 8 | c->header[byte];
    }
    c->header_length = 0;
    c->payload_left = payload;
    if (payload == 0) whole++;
  }
  return whole;
}

static int by_size(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return x < y ? -1 : x > y;
}

static uint32_t quantile(double part) {
  return sample_count ? samples[(size_t)(part * (double)(sample_count - 1))] : 0;
}

int main(int argc, char **argv) {
  if (argc < 8) {
    fprintf(stderr, "load echo|fan|open|hold PORT CONNECTIONS IN_FLIGHT BYTES text|binary SECONDS\n");
    return 2;
  }
  const char *mode = argv[1];
  address.sin_family = AF_INET;
  address.sin_port = htons((uint16_t)atoi(argv[2]));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  size_t count = (size_t)atol(argv[3]);
  uint32_t in_flight = (uint32_t)atol(argv[4]);
  size_t bytes = (size_t)atol(argv[5]);
  int opcode = strcmp(argv[6], "text") == 0 ? 1 : 2;
  uint64_t seconds = (uint64_t)atol(argv[7]);
  int is_echo = !strcmp(mode, "echo"), is_fan = !strcmp(mode, "fan"), is_open = !strcmp(mode, "open");

  uint8_t *payload = malloc(bytes + 1);
  for (size_t index = 0; index < bytes; index++) payload[index] = (uint8_t)('a' + index % 26);
  const char *given = getenv("LOAD_MESSAGE");
  if (given) {
    bytes = strlen(given);
    payload = (uint8_t *)strdup(given);
  }
  build_frames(opcode, payload, bytes, in_flight ? in_flight : 1);
  samples = malloc(sizeof *samples * MAX_SAMPLES);
  epoll_fd = epoll_create1(0);
  connection *all = calloc(count, sizeof *all);
  uint32_t ring = in_flight ? in_flight : 1;
  for (size_t index = 0; index < count; index++) {
    open_connection(&all[index], !is_open);
    all[index].sent_at = calloc(ring, sizeof(uint64_t));
    watch(&all[index]);
  }

  uint64_t start = now_us(), end = start + (WARMUP_MS * 1000) + seconds * 1000000;
  uint64_t measured_from = start + WARMUP_MS * 1000;
  double cpu_from = 0;
  uint64_t round_received = 0, round_started = start;
  if (is_echo)
    for (size_t index = 0; index < count; index++) send_messages(&all[index], in_flight, ring);
  if (is_fan) send_messages(&all[0], in_flight, ring);
  printf("ready\n");
  fflush(stdout);

  static uint8_t buffer[READ_BYTES];
  struct epoll_event events[512];
  for (uint64_t now = start; now < end; now = now_us()) {
    if (!is_measuring && now >= measured_from) {
      is_measuring = 1;
      messages = 0;
      sample_count = 0;
      measured_from = now;
      cpu_from = cpu_seconds();
      printf("measuring\n");
      fflush(stdout);
    }
    int ready = epoll_wait(epoll_fd, events, 512, 50);
    for (int index = 0; index < ready; index++) {
      connection *c = events[index].data.ptr;
      if (events[index].events & EPOLLOUT) flush(c);
      if (!(events[index].events & EPOLLIN)) continue;
      ssize_t length = read(c->fd, buffer, sizeof buffer);
      if (length < 0 && errno == EAGAIN) continue;
      if (length <= 0) {
        fprintf(stderr, "the server ended a connection\n");
        return 1;
      }
      if (is_open) {
        /* The answer's head is small: one read has it. */
        messages++;
        uint64_t *ring_of = c->sent_at;
        struct linger at_once = {1, 0};
        setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        close(c->fd);
        open_connection(c, 0);
        c->sent_at = ring_of;
        watch(c);
        continue;
      }
      uint32_t whole = count_frames(c, buffer, (size_t)length);
      messages += whole;
      uint64_t at = now_us();
      if (is_echo && whole) {
        for (uint32_t each = 0; each < whole; each++) {
          uint64_t took = at - c->sent_at[c->oldest];
          if (sample_count < MAX_SAMPLES) samples[sample_count++] = (uint32_t)took;
          c->oldest = (c->oldest + 1) % ring;
          c->in_flight--;
        }
        send_messages(c, whole, ring);
      }
      if (is_fan && whole) {
        round_received += whole;
        if (round_received == (uint64_t)in_flight * count) {
          if (sample_count < MAX_SAMPLES) samples[sample_count++] = (uint32_t)(at - round_started);
          round_received = 0;
          round_started = at;
          all[0].in_flight = 0;
          send_messages(&all[0], in_flight, ring);
        }
      }
    }
  }
  double took = (double)(now_us() - measured_from) / 1e6;
  qsort(samples, sample_count, sizeof *samples, by_size);
  printf("{\"messages\":%llu,\"seconds\":%.3f,\"p50\":%u,\"p99\":%u,\"cpu\":%.3f}\n", (unsigned long long)messages, took,
         quantile(0.5), quantile(0.99), cpu_seconds() - cpu_from);
  return 0;
}
