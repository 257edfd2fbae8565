/* WebSocket frames: built once beforehand, counted as they come back. What is in them is looked at by nobody. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { FINAL = 0x80, COMPRESSED = 0x40, TEXT = 1, BINARY = 2, CLOSE = 8, MASKED = 0x80 };

/* `count` equal frames in a row, so that many can be sent by one write. */
typedef struct {
  uint8_t *bytes;
  size_t frame_length, count;
} frame_row;

static frame_row build_frames(int first_byte, const uint8_t *payload, size_t length, size_t count) {
  const uint8_t mask[4] = {0x12, 0x34, 0x56, 0x78};
  size_t header = length < 126 ? 2 : length < 65536 ? 4 : 10;
  frame_row row = {.frame_length = header + 4 + length, .count = count};
  row.bytes = malloc(row.frame_length * count);
  for (size_t index = 0; index < count; index++) {
    uint8_t *at = row.bytes + index * row.frame_length;
    at[0] = (uint8_t)first_byte;
    if (header == 2) {
      at[1] = (uint8_t)(MASKED | length);
    } else if (header == 4) {
      at[1] = MASKED | 126;
      at[2] = (uint8_t)(length >> 8);
      at[3] = (uint8_t)length;
    } else {
      at[1] = MASKED | 127;
      for (int byte = 0; byte < 8; byte++) at[2 + byte] = (uint8_t)((uint64_t)length >> (56 - 8 * byte));
    }
    memcpy(at + header, mask, 4);
    for (size_t byte = 0; byte < length; byte++) at[header + 4 + byte] = payload[byte] ^ mask[byte & 3];
  }
  return row;
}

/* Where a connection's stream of frames stands: bytes of the present header, or of its payload, that are still to come. */
typedef struct {
  uint8_t header[10];
  int header_length;
  uint64_t payload_left;
} frame_counter;

/* A message ends with a final data frame; pings and pongs between them are none. */
static uint32_t ends_message(const frame_counter *c) { return (c->header[0] & FINAL) && (c->header[0] & 15) < CLOSE; }

/* Counts the messages that end in what was read; -1: the server closes. */
static int64_t count_messages(frame_counter *c, const uint8_t *bytes, size_t length) {
  uint32_t whole = 0;
  size_t at = 0;
  while (at < length) {
    if (c->payload_left > 0) {
      size_t part = length - at < c->payload_left ? length - at : (size_t)c->payload_left;
      c->payload_left -= part;
      at += part;
      if (c->payload_left == 0) whole += ends_message(c);
      continue;
    }
    c->header[c->header_length++] = bytes[at++];
    if (c->header_length < 2) continue;
    int needed = (c->header[1] & 127) == 127 ? 10 : (c->header[1] & 127) == 126 ? 4 : 2;
    if (c->header_length < needed) continue;
    if ((c->header[0] & 15) == CLOSE) return -1;
    uint64_t payload = c->header[1] & 127;
    if (needed > 2) {
      payload = 0;
      for (int byte = 2; byte < needed; byte++) payload = payload << 8 | c->header[byte];
    }
    c->header_length = 0;
    c->payload_left = payload;
    if (payload == 0) whole += ends_message(c);
  }
  return whole;
}
