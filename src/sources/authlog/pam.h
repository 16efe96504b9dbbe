/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of PAM modules, written by whatever program uses them:
 * `pam_MODULE(SERVICE:PART): TEXT`.
 */
#ifndef SOURCES_AUTHLOG_PAM_H
#define SOURCES_AUTHLOG_PAM_H

#include "sources/authlog/form.h"

/*
 * True when m->text is such a line; m is then filled, text that is not known
 * as `other` of type "pam".
 */
bool pam_parse(struct message *m);

/* As pam_parse(), for old lines whose tag is `SERVICE(pam_MODULE)`. */
void pam_parse_text(struct message *m, struct str service, struct str text);

#endif
