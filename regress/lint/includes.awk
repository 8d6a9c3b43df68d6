# SPDX-License-Identifier: ISC
# awk -f includes.awk FILE...: say which file includes what it may not.  Files
# are named from the top of the tree.  Exit status 1 if one does.
#
# The compiler's include paths see to most of it: only common/, sandbox/ and
# a file's own directory can be reached.  Here is what they cannot see to.

BEGIN {
	# A library's headers, and the only files that may include them.
	only["seccomp.h"] = "^sandbox/seccomp\\.c$"
	only["cap-ng.h"] = "^(sandbox/drop|client/power)\\.c$"
	only["gnutls/"] = "^((netd|client)/tls|ctl/keygen_(probe|tls))\\.c$"
	only["archive"] = "^ctl/keygen_image\\.c$"
	only["gpgme.h"] = "^(client/decrypt|ctl/keygen_pgp)\\.c$"
	only["nettle/"] = "^(monitor/(proof|signature)|state/digest|import/unlock)\\.c$"
	only["gmp.h"] = "^monitor/(proof|signature)\\.c$"
	only["zlib.h"] = "^import/packet\\.c$"
	only["dbus/"] = "^(busd/busd|common/loop_dbus|ctl/bus)\\.h$"
	only["curses.h"] = "^ctl/tui_screen\\.h$"
	only["term.h"] = "^ctl/tui_screen\\.c$"
	only["avahi-"] = "^(busd/avahi|common/avahi_poll|client/browse|ctl/keygen_browse)\\.[ch]$"
	only["bsd/"] = "^$"
}

/^[ \t]*#[ \t]*include/ {
	header = $0
	gsub(/^[^<"]*[<"]|[>"].*$/, "", header)
	if (header ~ /\.\.\//)
		complain("no \"../\"")
	if (FILENAME ~ /^regress\//)
		next
	for (prefix in only)
		if (index(header, prefix) == 1 && FILENAME !~ only[prefix])
			complain("only " only[prefix])
	if (FILENAME ~ /^common\// && header == "sandbox.h")
		complain("common/ is below sandbox/")
	if (FILENAME ~ /^sandbox\// && $0 ~ /"/ &&
	    header !~ /^(log|sandbox|rules)\.h$/)
		complain("sandbox/ knows log.h and nothing else")
}

function complain(rule)
{
	printf "%s:%d: includes %s: %s\n", FILENAME, FNR, header, rule
	bad = 1
}

END {
	exit bad
}
