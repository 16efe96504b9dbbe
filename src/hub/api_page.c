/* SPDX-License-Identifier: Apache-2.0 */
/* Prints what the API takes, for scripts/check-hub-api. */
#include <stdio.h>

#include "hub/api.h"

int main(void)
{
	for (size_t i = 0; api_route(i); i++)
		printf("path " API_PATH "%s\n", api_route(i));
	for (size_t i = 0; ask_name(i); i++)
		printf("parameter %s\n", ask_name(i));
	return 0;
}
