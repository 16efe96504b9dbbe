/* SPDX-License-Identifier: Apache-2.0 */
/* What the clients that libcurl carries share. */
#ifndef NET_CURL_H
#define NET_CURL_H

#include <curl/curl.h>

#include "net/http_client.h"

void curl_set_tls(CURL *easy, const struct http_tls *tls);
/* A negative errno, as of http_client_send(). */
int curl_errno(CURLcode code);

#endif
