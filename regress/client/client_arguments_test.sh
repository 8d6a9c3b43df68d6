# SPDX-License-Identifier: ISC
# The command line of mandos-client.

. "$(atf_get_srcdir)/../lib.sh"

client=$top_builddir/client/mandos-client

# case_of NAME DESCRIPTION: declare a test case; nothing here needs root.
case_of() {
	atf_test_case "$1"
	eval "$1_head() { atf_set descr \"$2\"; }"
}

# refused MESSAGE OPTION...: wrong usage, in two lines.
refused() {
	refused_message=$1
	shift
	atf_check -s exit:64 -o empty -e save:err "$client" "$@"
	atf_check -s exit:0 -e empty \
	    -o inline:"$client: $refused_message
Try '$client --help' or '$client --usage' for more information.
" cat err
}

case_of help__and_version 'their exit status is the original'\''s'
help__and_version_body() {
	for option in --help '-?' --he '-?V'; do
		atf_check -s exit:64 -e empty \
		    -o match:'^usage: mandos-client \[OPTION\.\.\.\]$' \
		    "$client" "$option"
	done
	atf_check -s exit:64 -o match:'^usage: mandos-client \[-V' -e empty \
	    "$client" --usage
	for option in --version -V --v; do
		atf_check -s exit:64 -e empty \
		    -o match:'^Mandos plugin mandos-client: mandos-client [0-9]' \
		    "$client" "$option"
	done
}

case_of help__agrees_with_manual 'the page has each option'
help__agrees_with_manual_body() {
	need mandoc
	mandoc -T ascii "$top_srcdir/man/mandos-client.8mandos" |
	    sed 's/.\x08//g' >page
	"$client" --help >help || :
	grep -o -e '--[a-z-]*' help | sort -u >options
	[ "$(grep -c . options)" -ge 17 ] || atf_fail 'no options in --help'
	while read -r option; do
		grep -qe "$option" page ||
		    atf_fail "the page lacks $option"
	done <options
	grep -o -e ' --[a-z-]*' page | tr -d ' ' | sort -u |
	    comm -23 - options >unknown
	atf_check -s exit:0 -o empty -e empty cat unknown
}

case_of wrong__options 'what is refused at once, and how'
wrong__options_body() {
	refused "unrecognized option '--nosuch'" --nosuch
	refused "invalid option -- 'x'" -x
	refused "option '--connect' requires an argument" --connect
	refused "option requires an argument -- 'c'" -c
	refused 'Too many arguments' operand
	refused 'Too many arguments' --connect=::1:1 -- -V
	for number in -1 +1 0x1 1.5 x '' 4294967296 99999999999999999999; do
		refused "Bad number of DH bits: \"$number\"" \
		    --dh-bits="$number"
	done
	for number in '' x 1x 1,5 -1 inf nan 1e99; do
		refused "Bad delay: \"$number\"" --delay="$number"
		refused "Bad retry interval: \"$number\"" --retry="$number"
	done
}

case_of wrong__addresses 'addresses that are none are refused at once'
wrong__addresses_body() {
	for option in --connect --server; do
		for text in '' 4711 localhost; do
			refused "No colon in address: \"$text\"" \
			    "$option=$text"
		done
		for text in ::1: ::1:-1 ::1:65536 ::1:0x10 ::1:1x '[::1]'; do
			refused "Bad port number: \"$text\"" "$option=$text"
		done
		for text in :4711 localhost:1 256.0.0.1:1 '[127.0.0.1]:1' \
		    '[]:1' '::1%:1' '::1%aninterfacename0:1' '127.0.0.1%lo:1' \
		    '[::1:1' '::1]:1' ':::1:1' '1.2.3.4.5:1'; do
			refused "Bad address: \"$text\"" "$option=$text"
		done
	done
}

case_of right__everything 'all options at once, in all their forms'
right__everything_body() {
	need unshare
	for file in a b c d; do
		: >"$file"
	done
	# What is wrong is found after the options.
	for delay in 0 0.5 1e1 0x2 ' 3'; do
		atf_check -s exit:69 -o empty -e match:'TLS private key: ' \
		    "$client" -i none --interface=none --inter none -pa \
		    -s b -Tc -t d --priority=NORMAL --dh-bits=0 \
		    --dh-bits=4294967295 --dh-params=none --delay="$delay" \
		    --retry="$delay" --network-hook-dir=none --debug \
		    -c ::1:1 --conn '[::1]:2' --server 127.0.0.1:00003 \
		    --connect='fe80::1%lo: +4'
	done
}

atf_init_test_cases() {
	atf_add_test_case help__and_version
	atf_add_test_case help__agrees_with_manual
	atf_add_test_case wrong__options
	atf_add_test_case wrong__addresses
	atf_add_test_case right__everything
}
