/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/host/ini_conf.h"

struct str ini_value(struct str text, const char *section, const char *key)
{
	struct str line, name, value = STR_NONE;
	bool inside = false;

	while (text.n) {
		str_cut(&text, '\n', &line);
		line = str_trim(line);
		if (line.n == 0 || line.p[0] == '#' || line.p[0] == ';')
			continue;
		if (line.p[0] == '[') {
			inside = str_skip(&line, STR("[")) &&
				 str_chop(&line, STR("]")) &&
				 str_eqz(line, section);
			continue;
		}
		if (inside && str_cut(&line, '=', &name) &&
		    str_eqz(str_trim(name), key))
			value = str_trim(line);
	}
	return value.n ? value : STR_NONE;
}
