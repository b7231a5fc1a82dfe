/* As much of protobuf as a host needs to write by hand: messages of varints, strings and other messages. */

#ifndef PROTOBUF_H
#define PROTOBUF_H

#include "host.h"

/* A message being written. Larger than any message here. */
typedef struct Message {
  uint8_t data[4096];
  size_t length;
} Message;

static inline void put_varint(Message *message, uint64_t value) {
  do {
    EXPECT(message->length < sizeof message->data);
    message->data[message->length++] = (uint8_t)(value | (value > 127 ? 128 : 0));
    value >>= 7;
  } while (value > 0);
}

static inline void put_number(Message *message, uint32_t field, uint64_t value) {
  put_varint(message, (uint64_t)field << 3);
  put_varint(message, value);
}

static inline void put_bytes(Message *message, uint32_t field, const uint8_t *data, size_t length) {
  put_varint(message, (uint64_t)field << 3 | 2);
  put_varint(message, length);
  EXPECT(length <= sizeof message->data - message->length);
  if (length > 0) memcpy(message->data + message->length, data, length);
  message->length += length;
}

static inline void put_text(Message *message, uint32_t field, const char *text) {
  put_bytes(message, field, TEXT(text));
}

static inline void put_message(Message *message, uint32_t field, const Message *inner) {
  put_bytes(message, field, inner->data, inner->length);
}

/* Part of an encoded message. */
typedef struct Slice {
  const uint8_t *data;
  size_t length;
} Slice;

static inline uint64_t take_varint(Slice *slice) {
  uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    EXPECT(slice->length > 0);
    uint8_t byte = *slice->data++;
    slice->length--;
    value |= (uint64_t)(byte & 127) << shift;
    if (byte < 128) return value;
  }
  EXPECT(!"a varint has at most ten bytes");
  return 0;
}

/* Finds the last field with a number, which is what counts when a field comes more than once. Only fields with
 * a length are given; the others are passed over. */
static inline bool find(Slice message, uint32_t field, Slice *out) {
  bool found = false;
  while (message.length > 0) {
    uint64_t key = take_varint(&message);
    size_t skip = 0;
    switch (key & 7) {
      case 0: (void)take_varint(&message); break;
      case 1: skip = 8; break;
      case 2: skip = take_varint(&message); break;
      case 5: skip = 4; break;
      default: EXPECT(!"groups are not used");
    }
    EXPECT(skip <= message.length);
    if ((key & 7) == 2 && key >> 3 == field) {
      *out = (Slice){message.data, skip};
      found = true;
    }
    message.data += skip;
    message.length -= skip;
  }
  return found;
}

/* Follows fields from message to message. */
static inline bool find_path(Slice message, const uint32_t *fields, size_t count, Slice *out) {
  *out = message;
  for (size_t index = 0; index < count; index++) {
    if (!find(*out, fields[index], out)) return false;
  }
  return true;
}

#endif
