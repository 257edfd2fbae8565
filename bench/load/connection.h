/* One connection: from its upgrade request, by what a server's own protocol says first, to messages in both directions. */
#include "frames.h"
#include "wire.h"

/* What every connection does alike: given by the environment, see load.c. */
static struct {
  char *request;
  int wants_compression;
  frame_row hello;
  uint32_t greetings;
} opening;

typedef enum { HEAD, GREETINGS, OPEN } stage;

typedef struct {
  wire wire;
  stage stage;
  char *head;
  size_t head_length;
  uint32_t greetings_left;
  frame_counter frames;
  /* When each message in flight was sent, as a ring. */
  uint64_t *sent_at;
  uint32_t oldest, in_flight;
  /* Bytes of the row of frames that a full socket buffer has not taken yet, and whether epoll tells of room. */
  uint64_t unsent;
  int is_waiting;
} connection;

enum { MAX_HEAD = 4096 };

static void write_all(connection *c, const void *bytes, size_t length) {
  if (wire_write(&c->wire, bytes, length) != (ssize_t)length) fail("write");
}

static void begin(connection *c) {
  uint64_t *sent_at = c->sent_at;
  memset(c, 0, sizeof *c);
  c->sent_at = sent_at;
  c->head = malloc(MAX_HEAD);
  c->greetings_left = opening.greetings;
  wire_open(&c->wire);
  write_all(c, opening.request, strlen(opening.request));
}

/* Takes bytes of the answer's head; returns how many belonged to it. */
static size_t take_head(connection *c, const uint8_t *bytes, size_t length) {
  for (size_t at = 0; at < length; at++) {
    if (c->head_length == MAX_HEAD - 1) refuse("the answer's head has no end");
    c->head[c->head_length++] = (char)bytes[at];
    if (c->head_length < 4 || memcmp(c->head + c->head_length - 4, "\r\n\r\n", 4) != 0) continue;
    c->head[c->head_length] = 0;
    if (strncmp(c->head, "HTTP/1.1 101", 12) != 0) refuse("the server refused the upgrade");
    if (opening.wants_compression && !strstr(c->head, "permessage-deflate")) refuse("the server does not compress");
    free(c->head);
    if (opening.hello.count > 0) write_all(c, opening.hello.bytes, opening.hello.frame_length);
    c->stage = c->greetings_left > 0 ? GREETINGS : OPEN;
    return at + 1;
  }
  return length;
}

/* Takes what was read and returns how many messages of the load ended in it. */
static uint32_t take(connection *c, const uint8_t *bytes, size_t length) {
  size_t at = c->stage == HEAD ? take_head(c, bytes, length) : 0;
  int64_t whole = count_messages(&c->frames, bytes + at, length - at);
  if (whole < 0) refuse("the server closed a connection");
  if (c->stage != GREETINGS) return (uint32_t)whole;
  if (whole > c->greetings_left) refuse("the server greets more often than it should");
  c->greetings_left -= (uint32_t)whole;
  if (c->greetings_left == 0) c->stage = OPEN;
  return 0;
}

static void open_blocking(connection *c) {
  begin(c);
  while (c->stage != OPEN) {
    uint8_t bytes[4096];
    ssize_t length = wire_read(&c->wire, bytes, sizeof bytes);
    if (length <= 0) refuse("the server ended a connection before it was open");
    if (take(c, bytes, (size_t)length) > 0) refuse("the server speaks before it is asked");
  }
}
