# SPDX-License-Identifier: ISC
# awk -v max=N -f funclen.awk FILE...: name every function whose body has more
# than N lines.  It knows our layout only: the name begins a line, and the
# braces of a body stand alone in column one.  Exit status 1 if it named one.

/^[A-Za-z_][A-Za-z_0-9]*\(/ {
	name = $0
	sub(/\(.*/, "", name)
}
/^\{$/ {
	start = FNR
}
/^\}$/ {
	body = FNR - start - 1
	if (body > max) {
		printf "%s:%d: %s has %d lines, %d allowed\n",
		    FILENAME, start, name, body, max
		bad = 1
	}
}
END {
	exit bad
}
