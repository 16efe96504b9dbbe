/* SPDX-License-Identifier: Apache-2.0 */
/* The texts of a block: does it have them at all, and which rows. */
#ifndef STORE_SCAN_TEXT_H
#define STORE_SCAN_TEXT_H

#include "store/scan.h"

/* 0: no row can match; 1: some may. */
int scan_grams(const struct plan *p, struct block *b, struct err *err);
/* Narrows s->keep by command, path and text: 1, or 0 when none is asked. */
int scan_texts(struct scan *s, struct block *b, struct err *err);

/* ok[] of the rows whose entry has a hit is set. */
void scan_mark(const struct strings *v, const uint8_t *restrict hit,
    uint32_t rows, uint8_t *restrict ok);
/* Of the rows kept, those that are ok. */
void scan_keep(
    uint8_t *restrict keep, const uint8_t *restrict ok, uint32_t rows);

#endif
