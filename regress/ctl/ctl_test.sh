# SPDX-License-Identifier: ISC
# mandos-ctl on a private bus, with servers that are played.  The cases are in
# cases.py; those that need no server are here.

. "$(atf_get_srcdir)/../lib.sh"

ctl=$top_builddir/ctl/mandos-ctl

# story NAME SECONDS DESCRIPTION: a test case that is a function of cases.py.
story() {
	atf_test_case "$1"
	eval "$1_head() {
		atf_set descr \"$3\"
		atf_set timeout $2
	}
	$1_body() {
		play $1
	}"
}

# case_of NAME DESCRIPTION: one that is here.
case_of() {
	atf_test_case "$1"
	eval "$1_head() { atf_set descr \"$2\"; }"
}

# The bindings are of the system's python3, whatever else is in PATH.
play() {
	need dbus-daemon
	python=/usr/bin/python3
	"$python" -c 'import dbus, gi' 2>/dev/null ||
	    atf_skip 'python3-dbus or python3-gi is not installed'
	# Sanitizers keep what is freed, to say who uses it again.
	[ "$1/$sanitizers" != secret__wiped/yes ] ||
	    atf_skip 'sanitizers have a free() of their own'
	"$python" -B "$top_srcdir/regress/ctl/cases.py" "$1" "$top_srcdir" \
	    "$top_builddir" >out 2>&1 || fail_with out "$(tail -n 1 out)"
}

story vectors__as_recorded 120 'what was recorded of the original is the same'
story durations__as_recorded 120 'times are taken as the original takes them'
story lists__of_anything 120 'tables and JSON are those of Python'
story lists__on_a_terminal 60 'what is in a table does not speak to it'
story lists__without_a_property 120 'what is missing is told'
story errors__of_the_server 60 'the first refusal is the end'
story calls__under_way 60 'several at a time, told of in their order'
story errors__without_a_server 60 'no server, no bus'
story errors__of_policy 60 'the bus does not let us'
story errors__no_room 60 'what cannot be written is an error'
story errors__no_descriptors 60 'where there is no standard output'
story texts__not_utf8 60 'what the bus does not take is refused before'
story secret__never_shown 60 'nor read without an end'
story secret__wiped 120 'no secret is kept'
story own__against_another_server 60 'it offers nothing of ours'
story own__why 60 'the answer, and what would have to change'
story own__reload 60 'done, or the reason why not'
story own__add 60 'clients out of files'
story own__add_nothing_bad 60 'no client out of files of which one is bad'
story own__conflicts 120 'ours go with nearly nothing'
story own__watch 120 'each event is told, as text and as JSON'
story own__watch_believes_nobody_else 60 'others than the server are ignored'
story nonsense__answers 300 'a server that talks nonsense'
story nonsense__bytes 300 'a bus that talks nonsense'
story completion__names 60 'bash completes the names that the server has'
story own__health 120 'a line and a status'

case_of check__passes 'the self-tests pass, whatever else is asked for'
check__passes_body() {
	for options in --check --ch '--check -e -d' '--bogus --check' \
	    '-c --check'; do
		# shellcheck disable=SC2086	# several words
		atf_check -s exit:0 -o empty -e save:err "$ctl" $options
		atf_check -s exit:0 -o inline:'OK\n' -e empty tail -n 1 err
	done
}

case_of version__as_the_server 'the version is in the form of the server'
version__as_the_server_body() {
	atf_check -s exit:0 -o save:server -e empty \
	    "$top_builddir/conf/mandos-readconf" --version
	sed 's/^mandos /mandos-ctl /' server >expected
	atf_check -s exit:0 -o file:expected -e empty "$ctl" --version
}

# sources_of PROGRAM: the files that ctl.am makes it of.
sources_of() {
	sed -n "/^ctl_$1_SOURCES = /,/[^\\\\]\$/s/^[ 	]*\\([a-z_/]*\\.c\\).*/\\1/p" \
	    "$top_srcdir/ctl/ctl.am"
}

atf_test_case nonsense__sanitized
nonsense__sanitized_head() {
	atf_set descr 'the same under sanitizers, whatever the build is'
	atf_set timeout 300
}
nonsense__sanitized_body() {
	need clang pkg-config
	echo 'int main(void) { return 0; }' >probe.c
	clang -fsanitize=address,undefined probe.c -o probe ||
	    atf_skip 'clang has no sanitizers'
	sources=$(sources_of mandos_ctl)
	[ -n "$sources" ] || atf_fail 'ctl.am has no sources'
	# shellcheck disable=SC2046,SC2086	# several words
	(cd "$top_srcdir" && clang -g -O1 -std=c11 -D_GNU_SOURCE \
	    -DPACKAGE_VERSION='"0"' -Icommon -Isandbox -Iconf -Ictl \
	    -fsanitize=address,undefined -fno-sanitize-recover=all \
	    $(pkg-config --cflags dbus-1 libbsd-overlay) \
	    -o "$OLDPWD/mandos-ctl" $sources ctl/bus.c ctl/record.c \
	    conf/argparse.c conf/base64.c conf/clients.c conf/duration.c \
	    conf/expand.c conf/files.c conf/ini.c conf/problem.c \
	    conf/secfile.c conf/text.c conf/unicode.c \
	    common/keyid.c common/keyid_parse.c \
	    common/log.c common/log_line.c common/loop.c common/msg.c \
	    $(pkg-config --libs dbus-1 libbsd-overlay)) ||
	    atf_fail 'it cannot be compiled'
	export CTL="$PWD/mandos-ctl" ROUNDS=4
	export ASAN_OPTIONS=detect_leaks=1
	play nonsense__answers
	mkdir bytes
	cd bytes || exit 1
	play nonsense__bytes
}

# offered WORD...: what bash offers for the last of these words, one on each
# line.
offered() {
	# Words are parted at "=", as readline does.
	# shellcheck disable=SC2016	# bash is to expand it
	bash -c '. "$0"
		COMP_WORDS=("$@")
		COMP_CWORD=$(($# - 1))
		[ "$(complete -p mandos-ctl)" = \
		    "complete -F _mandos_ctl mandos-ctl" ] || exit 1
		_mandos_ctl "$1" "${COMP_WORDS[COMP_CWORD]}" ""
		[ ${#COMPREPLY[@]} -eq 0 ] || printf "%s\n" "${COMPREPLY[@]}"
	' "$top_srcdir/etc/bash-completion/mandos-ctl" "$@"
}

# completes EXPECTED WORD...: hold that this is what it offers.
completes() {
	completes_want=$1
	shift
	held 0 "$completes_want" '' offered "$@"
}

case_of completion__options_and_files 'bash completes options and file names'
completion__options_and_files_body() {
	need bash
	completes '--start-checker\n--stop-checker\n' "$ctl" --st
	completes '--dump-json\n' "$ctl" foo --du
	completes '--enable\n--extended-timeout\n' "$ctl" --timeout PT5M --e
	offered "$ctl" - | sort >have
	"$ctl" --help | sed -n '/^options:/,$s/^  \(-\)/\1/p' |
	    grep -oe '-[-A-Za-z]*' | sort >options
	[ -s options ] || atf_fail 'there are no options'
	atf_check -s exit:0 -o empty -e empty diff -u options have
	mkdir directory
	: >directory/file
	completes 'directory/file\n' "$ctl" -s directory/f
	completes 'directory/file\n' "$ctl" --add = directory/
	for option in -c --timeout -i --approval-delay; do
		completes '' "$ctl" $option ''
	done
	completes '' "$ctl" --interval = P
	need shellcheck
	atf_check -s exit:0 -o empty -e empty shellcheck --shell=bash \
	    "$top_srcdir/etc/bash-completion/mandos-ctl"
}

# items: of option descriptions in standard input, the names: "-p --port".
items() {
	sed -e 's/ [A-Za-z\[].*//' -e 's/,//' | sort
}

case_of manual__agrees_with_help 'mandos-ctl(8) and --help name the same options'
manual__agrees_with_help_body() {
	need mandoc
	mandoc -T ascii "$top_srcdir/man/mandos-ctl.8" | sed 's/.\x08//g' >page
	atf_check -s exit:0 -o save:help -e empty "$ctl" --help
	sed -n '/^options:/,$s/^  \(-\)/\1/p' help | items >from_help
	sed -n '/^   Lists/,/^   What does not/s/^     \(-\)/\1/p' page |
	    items >from_page
	[ -s from_help ] || atf_fail 'no options in --help'
	atf_check -s exit:0 -o empty -e empty diff -u from_help from_page
}

atf_init_test_cases() {
	atf_add_test_case vectors__as_recorded
	atf_add_test_case durations__as_recorded
	atf_add_test_case lists__of_anything
	atf_add_test_case lists__on_a_terminal
	atf_add_test_case lists__without_a_property
	atf_add_test_case errors__of_the_server
	atf_add_test_case calls__under_way
	atf_add_test_case errors__without_a_server
	atf_add_test_case errors__of_policy
	atf_add_test_case errors__no_room
	atf_add_test_case errors__no_descriptors
	atf_add_test_case texts__not_utf8
	atf_add_test_case secret__never_shown
	atf_add_test_case secret__wiped
	atf_add_test_case own__against_another_server
	atf_add_test_case own__why
	atf_add_test_case own__reload
	atf_add_test_case own__add
	atf_add_test_case own__add_nothing_bad
	atf_add_test_case own__conflicts
	atf_add_test_case own__health
	atf_add_test_case own__watch
	atf_add_test_case own__watch_believes_nobody_else
	atf_add_test_case nonsense__answers
	atf_add_test_case nonsense__bytes
	atf_add_test_case nonsense__sanitized
	atf_add_test_case completion__names
	atf_add_test_case completion__options_and_files
	atf_add_test_case check__passes
	atf_add_test_case version__as_the_server
	atf_add_test_case manual__agrees_with_help
}
