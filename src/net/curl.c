/* SPDX-License-Identifier: Apache-2.0 */
#include "net/curl.h"

#include <errno.h>

void curl_set_tls(CURL *easy, const struct http_tls *tls)
{
	curl_easy_setopt(
	    easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (tls->ca_file) {
		curl_easy_setopt(easy, CURLOPT_CAINFO, tls->ca_file);
		curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
	}
	if (tls->cert_file) {
		curl_easy_setopt(easy, CURLOPT_SSLCERT, tls->cert_file);
		curl_easy_setopt(easy, CURLOPT_SSLKEY, tls->key_file);
	}
	if (tls->any_server) {
		curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
		curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
	}
}

static const struct {
	CURLcode curl;
	int code;
} codes[] = {
    {CURLE_UNSUPPORTED_PROTOCOL, -EINVAL},
    {CURLE_URL_MALFORMAT, -EINVAL},
    {CURLE_COULDNT_RESOLVE_PROXY, -EHOSTUNREACH},
    {CURLE_COULDNT_RESOLVE_HOST, -EHOSTUNREACH},
    {CURLE_COULDNT_CONNECT, -ECONNREFUSED},
    {CURLE_USE_SSL_FAILED, -EKEYREJECTED},
    {CURLE_PEER_FAILED_VERIFICATION, -EKEYREJECTED},
    {CURLE_SSL_CONNECT_ERROR, -EKEYREJECTED},
    {CURLE_SSL_CERTPROBLEM, -EKEYREJECTED},
    {CURLE_SSL_CACERT_BADFILE, -EKEYREJECTED},
    {CURLE_OPERATION_TIMEDOUT, -ETIMEDOUT},
    {CURLE_SEND_ERROR, -ECONNRESET},
    {CURLE_RECV_ERROR, -ECONNRESET},
    {CURLE_GOT_NOTHING, -ECONNRESET},
    {CURLE_PARTIAL_FILE, -ECONNRESET},
    {CURLE_OUT_OF_MEMORY, -ENOMEM},
};

int curl_errno(CURLcode code)
{
	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
		if (codes[i].curl == code)
			return codes[i].code;
	return -EIO;
}
