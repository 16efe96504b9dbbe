/* SPDX-License-Identifier: Apache-2.0 */
/* For tests: a hub, and a host that has joined it and sends batches. */
#ifndef HUB_WORLD_TEST_H
#define HUB_WORLD_TEST_H

#include "hub/hub.h"

#define CHAIN  "events:web-01"
#define FRAMES 30
/* A digit of the time in a payload. */
#define TENTH  (sizeof "{\"time\":\"2026-11-22T11:49:28." - 1)

/* A hub, and a host with a chain of FRAMES events that has joined it. */
struct world {
	char dir[64], store[80];
	struct hub_config cfg;
	struct hub hub;
	struct sign_key key;
	struct host_entry host;
	struct cert_info peer;
	struct buf payloads[FRAMES + 1];
	struct buf said;
};

void open_hub(struct world *w);
void close_hub(struct world *w);
int set_up(void **state);
int tear_down(void **state);
struct frame frame_of(const struct world *w, uint64_t seq);
void tree_of(const struct world *w, uint64_t n, struct merkle *ret);
/* The host's checkpoint of its first n frames. */
void sign_note(const struct world *w, uint64_t n, struct buf *ret);
/* Status of the answer to any body; what it says is in w->said. */
int send_body(struct world *w, const char *chain, struct str body);
/* Frames first to last, with the checkpoint of `covers` frames (0: none). */
int send_with(struct world *w, struct str header, uint64_t first, uint64_t last,
    uint64_t covers);
int send_frames(
    struct world *w, uint64_t first, uint64_t last, uint64_t covers);
/* The host has none before the first any more. */
int send_behind(
    struct world *w, uint64_t first, uint64_t last, uint64_t covers);
uint64_t next_of(const struct world *w);
bool says(const struct world *w, const char *what);
void assert_cosigned(const struct world *w, uint64_t size);
/* What the index tells of the events of a kind: "HOST TRUST SENDER; ...". */
void tell_kind(const struct world *w, enum event_kind kind, struct buf *ret);
void say(struct world *w, int i, const char *kind, const char *host,
    const char *source);
/* Of the frames from there on the time, by 100 ms. */
void change(struct world *w, uint64_t from);
uint64_t next_frame(struct world *w);
/* Events of the host that can be found. */
uint64_t count_found(struct world *w);
void resolve(struct world *w);
void assert_sound(struct world *w);

#endif
