/* SPDX-License-Identifier: Apache-2.0 */
/* For archive/evidence*.c only. */
#ifndef ARCHIVE_EVIDENCE_INSIDE_H
#define ARCHIVE_EVIDENCE_INSIDE_H

#include "archive/evidence.h"
#include "base/map.h"
#include "crypto/checkpoint.h"
#include "trail/trail.h"

struct evidence_recording {
	uint64_t number, last; /* last 0: to the end */
	bool begun, ended;     /* these frames were found */
};

/* What is wanted of one chain. */
struct evidence_chain {
	char name[TRAIL_ORIGIN_MAX + 1];
	uint64_t hash;
	uint64_t *seq; /* of events; sorted, each once, when writing */
	size_t n, cap;
	struct evidence_recording *recording;
	size_t n_recordings, recordings_cap;
};

struct evidence_key {
	char file[PARCEL_NAME_MAX + 1]; /* in the parcel */
	struct buf text; /* as verifier keys are written, and LF */
	struct sign_public pub;
	bool used;
};

/* The first is the store's own, the second that of its hub, if it has one. */
enum { KEY_STORE, KEY_HUB, KEY_HOSTS };

struct evidence {
	int dirfd;
	struct sign_key key;
	struct evidence_key *keys;
	size_t n_keys, keys_cap;
	bool has_hub;
	struct evidence_chain *chains; /* of the store, sorted by name */
	size_t n_chains, chains_cap;
};

/* keys/host.pub, joined/member and hub/hosts of the store. */
int evidence_read_keys(struct evidence *e, struct err *err);

/* A checkpoint of a chain, whose root the tree must have at its size. */
struct evidence_note {
	const char *file; /* in the chain's directory of the parcel */
	struct buf text;
	uint64_t size;
	struct sha256 root;
	struct evidence_key *key, *cosigner; /* cosigner: may be NULL */
};

#define EVIDENCE_NOTES_MAX 4

struct evidence_notes {
	struct evidence_note v[EVIDENCE_NOTES_MAX]; /* the store's is first */
	size_t n;
	uint64_t max; /* the largest size */
};

/*
 * Those that lie with the chain, all good, or an error. Free them also then.
 */
int evidence_notes_read(struct evidence_notes *ret, struct evidence *e,
    const char *chain, int chainfd, struct err *err);
void evidence_notes_free(struct evidence_notes *n);

#endif
