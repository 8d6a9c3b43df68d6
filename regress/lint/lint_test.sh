# SPDX-License-Identifier: ISC
# The rules of the house: who may include and link what, how much code there
# may be to trust, and that texts and tools agree.

. "$(atf_get_srcdir)/../lib.sh"

programs='busd checkerd client common conf ctl import monitor netd parent
    sandbox state warden'
installed='parent/mandos conf/mandos-readconf monitor/mandos-core
    warden/mandos-warden state/mandos-state netd/mandos-netd
    checkerd/mandos-checkerd busd/mandos-busd import/mandos-import
    client/mandos-client client/mandos-client-iprouteadddel
    client/password-agent client/plugin-runner client/plugins/askpass-fifo
    client/plugins/password-prompt client/plugins/plymouth
    client/plugins/splashy client/plugins/usplash
    ctl/mandos-ctl ctl/mandos-keygen ctl/mandos-monitor'
everything=".ci build-aux etc man regress $programs"

# sources DIRS NAME...: the files with such names below these directories.
sources() {
	sources_dirs=$1
	shift
	sources_names="-name $1"
	shift
	for sources_name; do
		sources_names="$sources_names -o -name $sources_name"
	done
	# shellcheck disable=SC2086	# several words; globbing is off
	(set -f; find $sources_dirs -type f \( $sources_names \)) | sort
}

shell_files() {
	echo quickstart
	echo .ci/run
	echo build-aux/kyua-check
	echo regress/bench/bus
	echo regress/bench/checkers
	echo regress/bench/run
	echo regress/boot/hooks
	echo regress/boot/init
	echo regress/boot/run
	echo regress/boot/world
	echo regress/fuzz/run
	echo regress/lib.sh.in
	sources regress '*.sh'
	boot_files
}

# boot_files: what is for the initial RAM disk, most of it without an ending.
boot_files() {
	find etc/initramfs-tools etc/dracut etc/network-hooks.d -type f \
	    ! -name '*.conf' ! -name '*.path' ! -name '*.service' | sort
}

# lines FILE...: how many lines they have together.
lines() {
	cat "$@" | wc -l
}

# at_most WHAT COUNT LIMIT
at_most() {
	echo "$1: $2 of $3 lines"
	[ "$2" -le "$3" ] || atf_fail "$1 has $2 lines, $3 are allowed"
}

# case_of NAME DESCRIPTION: declare a test case.
case_of() {
	atf_test_case "$1"
	eval "$1_head() { atf_set descr \"$2\"; }"
}

case_of includes__allowed 'nobody includes what is not his'
includes__allowed_body() {
	cd "$top_srcdir" || exit 1
	# shellcheck disable=SC2046	# several files
	atf_check -s exit:0 -o empty -e empty \
	    awk -f regress/lint/includes.awk \
	    $(sources "$programs regress" '*.[ch]' '*.def')
}

case_of includes__checked 'the check of includes finds what it should'
includes__checked_body() {
	mkdir common monitor netd
	echo '#include "../monitor/secret.h"' >netd/a.c
	echo '#include <gnutls/gnutls.h>' >monitor/a.c
	echo '#include "sandbox.h"' >common/a.c
	printf '#include <sys/types.h>\n#include "msg.h"\n' >monitor/b.c
	for file in netd/a.c monitor/a.c common/a.c; do
		atf_check -s exit:1 -o match:"^$file:1: includes" -e empty \
		    awk -f "$top_srcdir/regress/lint/includes.awk" "$file"
	done
	atf_check -s exit:0 -o empty -e empty \
	    awk -f "$top_srcdir/regress/lint/includes.awk" monitor/b.c
}

case_of functions__short 'no function is too long'
functions__short_body() {
	cd "$top_srcdir" || exit 1
	# shellcheck disable=SC2046	# several files
	atf_check -s exit:0 -o empty -e empty \
	    awk -v max=60 -f regress/lint/funclen.awk \
	    $(sources 'common monitor sandbox warden' '*.c')
	# shellcheck disable=SC2046
	atf_check -s exit:0 -o empty -e empty \
	    awk -v max=80 -f regress/lint/funclen.awk \
	    $(sources 'busd checkerd client conf ctl import netd parent \
	    regress state' '*.c')
}

case_of functions__measured 'the measure of functions is right'
functions__measured_body() {
	cat >sample.c <<-END
		static const int table[] = {
		 1,
		 2,
		 3,
		};
		static int
		two(int a,
		    int b)
		{
		 if (a)
		  b = 0;
		}
		static int
		three(void)
		{
		 if (a) {
		  b = 0;
		 }
		}
	END
	atf_check -s exit:0 -o empty -e empty \
	    awk -v max=3 -f "$top_srcdir/regress/lint/funclen.awk" sample.c
	atf_check -s exit:1 -e empty \
	    -o inline:'sample.c:15: three has 3 lines, 2 allowed\n' \
	    awk -v max=2 -f "$top_srcdir/regress/lint/funclen.awk" sample.c
}

case_of budget__trusted_code 'the code to trust stays small'
budget__trusted_code_body() {
	cd "$top_srcdir" || exit 1
	# What is linked is counted, with the message table; headers of
	# common/ and sandbox/ are declarations and their documentation.
	# Of common/ the monitor links all but the parser of key IDs, what is
	# for libdbus and Avahi, and what only the parent or workers need; the
	# rule tables of other processes are data that it has and never looks
	# at.
	# shellcheck disable=SC2046	# several files
	common=$(lines $(sources common '*.c' |
	    grep -v -e avahi_poll.c -e keyid_parse.c -e loop_dbus.c -e paths.c \
	    -e orders.c -e watch.c))
	table=$(lines common/msgs.def)
	# shellcheck disable=SC2046
	monitor=$(lines $(sources monitor '*.[ch]'))
	# shellcheck disable=SC2046
	sandbox=$(lines $(sources sandbox '*.c' |
	    grep -v rules_) sandbox/rules_monitor.c)
	for file in $(sources monitor '*.[ch]'); do
		at_most "$file" "$(lines "$file")" 400
	done
	for file in $(sources 'busd checkerd client common conf ctl import \
	    netd parent sandbox state warden' '*.[ch]'); do
		at_most "$file" "$(lines "$file")" 700
	done
	at_most monitor/ "$monitor" 2500
	at_most common/ "$common" 1000
	at_most common/msgs.def "$table" 250
	at_most sandbox/ "$sandbox" 500
	at_most 'what the monitor links' \
	    $((common + table + monitor + sandbox)) 4000
}

case_of budget__links_what_is_counted 'the monitor links what is counted'
budget__links_what_is_counted_body() {
	need nm
	atf_check -s exit:0 -o save:symbols -e empty \
	    nm "$top_builddir/monitor/mandos-core"
	atf_check -s exit:0 -o ignore -e empty grep -w msg_check symbols
	atf_check -s exit:1 -o empty -e empty \
	    grep -w -e keyid_parse -e path_libexec -e loop_dbus_attach \
	    -e orders_watch -e watch_new symbols
}

case_of libraries__golden 'each program needs these libraries and no other'
libraries__golden_body() {
	need readelf
	[ "$sanitizers" = no ] || atf_skip 'sanitizers bring libraries along'
	for program in $installed; do
		atf_check -s exit:0 -o save:dynamic -e empty \
		    readelf -dW "$top_builddir/$program"
		# The loader is named after the machine.
		sed -n -e '/\[ld-/d' \
		    -e 's/.*(NEEDED).*\[\(.*\)\.so.*/\1/p' dynamic |
		    sort >needed
		cat "$top_srcdir/regress/lint/needed/${program##*/}.txt" >golden
		# The small ones are part of it where they can be.
		if [ "$program $small_static" = 'netd/mandos-netd yes' ]; then
			sed -i -e /libbsd/d -e /libcap-ng/d -e /libseccomp/d \
			    golden
		fi
		atf_check -s exit:0 -o empty -e empty diff -u golden needed
	done
}

case_of hardening__in_effect 'programs are position-independent and sealed'
hardening__in_effect_body() {
	need readelf
	for program in $installed; do
		atf_check -s exit:0 -o save:elf -e empty \
		    readelf -hldW "$top_builddir/$program"
		for line in 'Type: *DYN' GNU_RELRO 'FLAGS_1.*NOW PIE' \
		    'GNU_STACK.* RW '; do
			atf_check -s exit:0 -o ignore -e empty \
			    grep "$line" elf
		done
	done
}

case_of manuals__lint 'the manual pages are sound'
manuals__lint_body() {
	need mandoc
	cd "$top_srcdir" || exit 1
	for page in $(sources man '*.[1-8]' '*.[58]mandos') \
	    "$top_builddir/man/mandos-design.7"; do
		atf_check -s exit:0 -o empty -e empty \
		    mandoc -T lint -W warning "$page"
		# What the build was to replace.
		atf_check -s exit:1 -o empty -e empty \
		    grep -E '@[A-Z_]+@' "$page"
	done
}

# items: of option descriptions in standard input, the names: "-p --port".
items() {
	sed -e 's/ [A-Za-z].*//' -e 's/,//' | sort
}

case_of manuals__agree_with_usage 'mandos(8) and --help name the same options'
manuals__agree_with_usage_body() {
	need mandoc
	mandoc -T ascii "$top_srcdir/man/mandos.8" | sed 's/.\x08//g' >page
	atf_check -s exit:0 -o save:help -e empty "$bin/mandos" --help
	sed -n '/^options:/,$s/^  \(-\)/\1/p' help | items >from_help
	sed -n '/^DESCRIPTION/,/^   [A-Z]/s/^     \(-\)/\1/p' page |
	    items >from_description
	[ -s from_help ] || atf_fail 'no options in --help'
	atf_check -s exit:0 -o empty -e empty \
	    diff -u from_help from_description

	# The synopsis has each by one of its names, short ones in a bundle.
	sed -n '/^SYNOPSIS/,/^DESCRIPTION/p' page |
	    grep -oe ' \[*-[A-Za-z0-9-]*' -e '| -[A-Za-z0-9-]*' | tr -d ' []|' |
	    sed '/^-[A-Za-z]/{s/^-//;s/./-&\n/g;s/\n$//;}' | sort -u >synopsis
	while read -r brief long; do
		grep -qxe "$brief" -e "${long:-$brief}" synopsis ||
		    atf_fail "the synopsis lacks $brief $long"
	done <from_help
	tr ' ' '\n' <from_help | sort >names
	atf_check -s exit:0 -o empty -e empty comm -13 names synopsis
}

case_of manuals__have_all_options 'manuals of plugins and --help agree'
manuals__have_all_options_body() {
	need mandoc
	for program in plugin-runner password-agent plugins/password-prompt \
	    plugins/plymouth; do
		# Some end with the status of a mistake.
		"$top_builddir/client/$program" --help >help || :
		mandoc -T ascii "$top_srcdir/man/${program##*/}.8mandos" |
		    sed 's/.\x08//g' >page
		sed -n '/^options:/,$s/^ *\(-.*\)/\1/p' help |
		    sed -e 's/[ =][A-Z].*//' -e 's/  .*//' | sort >from_help
		# A line of prose can begin with an option, too.
		sed -n '/^DESCRIPTION/,/^[A-Z]/s/^     \(-.*\)/\1/p' page |
		    sed -e '/\.$/d' -e 's/=.*//' | sort >from_page
		[ -s from_help ] || atf_fail "no options in $program's --help"
		atf_check -s exit:0 -o empty -e empty \
		    diff -u from_help from_page
	done
}

case_of samples__tell_the_truth 'sample settings parse and are the defaults'
samples__tell_the_truth_body() {
	mkdir none all
	echo secret >bar.secret
	for file in mandos.conf clients.conf; do
		# Prose has a blank behind the "#".
		sed -e 's/^#\([^ ]\)/\1/' -e "s|/etc/mandos/bar|$PWD/bar|" \
		    "$top_srcdir/etc/$file" >"all/$file"
	done
	set -- -T --no-dbus --no-zeroconf --port=1
	atf_check -s exit:0 -o save:defaults -e empty \
	    "$bin/mandos" "$@" --configdir none
	atf_check -s exit:0 -o save:samples -e empty \
	    "$bin/mandos" "$@" --configdir "$top_srcdir/etc"
	atf_check -s exit:0 -o save:everything -e empty \
	    "$bin/mandos" "$@" --configdir all
	atf_check -s exit:0 -o empty -e empty diff -u defaults samples
	atf_check -s exit:0 -o match:'^\[foo\]' -o match:'^\[bar\]' -e empty \
	    sed -n '/^# clients/,$p' everything
	sed '/^# clients/q' defaults >expected
	atf_check -s exit:0 -o file:expected -e empty \
	    sed '/^# clients/q' everything
}

case_of shell__shellcheck 'shell programs are sound'
shell__shellcheck_body() {
	need shellcheck
	cd "$top_srcdir" || exit 1
	for file in $(shell_files); do
		shell='sh'
		[ "${file##*/}" != module-setup.sh.in ] || shell='bash'
		# Test programs call functions by name, set variables for
		# lib.sh, and get their interpreter from the build.
		atf_check -s exit:0 -o empty -e empty \
		    shellcheck --shell=$shell \
		    --severity=warning --exclude=SC2034,SC2154,SC2317 "$file"
	done
}

case_of text__spelling 'common misspellings are absent'
text__spelling_body() {
	need codespell
	cd "$top_srcdir" || exit 1
	# shellcheck disable=SC2046	# several files
	atf_check -s exit:0 -o empty -e empty \
	    codespell --ignore-words=regress/lint/words.txt README quickstart \
	    Makefile.am configure.ac $(text_files)
}

# text_files: what we write by hand, without test data.
text_files() {
	sources "$everything" '*.[ch]' '*.def' '*.inc' '*.sh' '*.sh.in' '*.am' \
	    '*.awk' '*.conf' '*.py' '*.[1-8]' '*.[58]mandos' '*.[1-8].in' \
	    '*.service.in' \
	    '*.sysusers.in' '*.tmpfiles' Kyuafile run kyua-check |
	    grep -v -e '^regress/fuzz/seeds/' -e '^regress/[a-z]*/vectors/'
	boot_files | grep -v '\.sh$'
	sources etc/dracut '*.path' '*.service'
	echo regress/bench/bus
	echo regress/bench/checkers
	echo regress/boot/hooks
	echo regress/boot/init
	echo regress/boot/world
}

case_of text__whitespace 'no line ends in a blank, and no blank before a tab'
text__whitespace_body() {
	cd "$top_srcdir" || exit 1
	tab=$(printf '\t')
	# shellcheck disable=SC2046	# several files
	atf_check -s exit:1 -o empty -e empty \
	    grep -nE "[ $tab]\$|^ +$tab" README LICENSE quickstart \
	    Makefile.am configure.ac $(text_files)
	for file in README LICENSE quickstart Makefile.am configure.ac \
	    $(text_files); do
		[ -n "$(tail -c 1 "$file")" ] ||
		    [ -z "$(tail -n 1 "$file")" ] || continue
		atf_fail "$file does not end with one newline"
	done
}

case_of text__no_foreign_paths 'no path of a machine it was written on'
text__no_foreign_paths_body() {
	cd "$top_srcdir" || exit 1
	# shellcheck disable=SC2046	# several files
	atf_check -s exit:1 -o empty -e empty \
	    grep -nE '(^|[^]A-Za-z0-9_./"$}])/(home|work|root|Users)/' \
	    README quickstart Makefile.am configure.ac $(text_files)
	# Nor where the programs were built, outside the debugging symbols.
	need strings
	for program in $installed; do
		atf_check -s exit:0 -o save:"$OLDPWD/strings" -e empty \
		    strings -d "$top_builddir/$program"
		atf_check -s exit:1 -o empty -e empty \
		    grep -F "$top_builddir" "$OLDPWD/strings"
	done
}

case_of text__licensed 'every source file names its licence'
text__licensed_body() {
	cd "$top_srcdir" || exit 1
	for file in quickstart configure.ac Makefile.am \
	    $(text_files | grep -v '^etc/.*\.conf$'); do
		head -n 2 "$file" | grep -q 'SPDX-License-Identifier: ISC' ||
		    atf_fail "$file lacks the SPDX tag"
	done
}

case_of text__complete 'every source file is in the README, and no other'
text__complete_body() {
	# A file belongs to the directory whose name came last.
	sed '1,/^Code layout/d' "$top_srcdir/README" | awk '
	/^[a-z]+\// { dir = $1 }
	/^  [a-z]/ { below = "" }
	/^  [a-z]+\// { below = $1 }
	{
		for (i = 1; i <= NF; i++) {
			sub(/[,;:]$/, "", $i)
			if ($i ~ /^[A-Za-z0-9_-]+\.(c|def|h)$/)
				print dir below $i
		}
	}' | sort >layout
	(cd "$top_srcdir" && sources "$programs" '*.[ch]' '*.def') >files
	atf_check -s exit:0 -o empty -e empty diff -u files layout
}

# make_variable NAME: its value in the build's Makefile.
make_variable() {
	sed -n "s/^$1 = //p" "$top_builddir/Makefile"
}

case_of compile__clang 'clang has no complaint about any source file'
compile__clang_body() {
	need clang
	cd "$top_srcdir" || exit 1
	eval "set -- $(make_variable DEFS) $(make_variable LIBBSD_CFLAGS) \
	    $(make_variable WARN_CFLAGS) $(make_variable PROBES) \
	    $(make_variable GNUTLS_CFLAGS) $(make_variable ATF_C_CFLAGS) \
	    $(make_variable DBUS_CFLAGS) $(make_variable AVAHI_CFLAGS) \
	    $(make_variable ARCHIVE_CFLAGS) \
	    $(make_variable AVAHI_CORE_CFLAGS) $(make_variable GPGME_CFLAGS)"
	set -- -std=c11 -fsyntax-only -Werror -D_GNU_SOURCE \
	    -Icommon -Isandbox "$@"
	# Paths that the build gives to tests, whatever they are.
	for define in $(sources 'ctl regress' '*.am' |
	    xargs grep -hoE -- '-D[A-Z_]+=' | sort -u); do
		set -- "$@" "$define\"\""
	done
	for dir in $programs; do
		# What makes a ledger knows its form, and what adds clients
		# has the reader of their file.
		case $dir in
		client)	others=-Iclient ;;
		ctl)	others=-Iconf ;;
		import)	others=-Istate ;;
		*)	others= ;;
		esac
		# shellcheck disable=SC2046,SC2086	# several words
		atf_check -s exit:0 -o empty -e empty clang "$@" $others \
		    $(sources "$dir" '*.c')
	done
	# Tests include the headers of what they test, and of that first.
	for dir in regress/*/; do
		dir=${dir#regress/}
		dir=${dir%/}
		[ -n "$(sources "regress/$dir" '*.c')" ] || continue
		# shellcheck disable=SC2046,SC2086	# several words
		atf_check -s exit:0 -o empty -e empty clang "$@" \
		    "-Iregress/$dir" "-I$dir" -Iregress/helpers \
		    $(printf -- '-I%s ' $programs) \
		    $(sources "regress/$dir" '*.c')
	done
}

atf_init_test_cases() {
	atf_add_test_case includes__allowed
	atf_add_test_case includes__checked
	atf_add_test_case functions__short
	atf_add_test_case functions__measured
	atf_add_test_case budget__trusted_code
	atf_add_test_case budget__links_what_is_counted
	atf_add_test_case libraries__golden
	atf_add_test_case hardening__in_effect
	atf_add_test_case manuals__lint
	atf_add_test_case manuals__agree_with_usage
	atf_add_test_case manuals__have_all_options
	atf_add_test_case samples__tell_the_truth
	atf_add_test_case shell__shellcheck
	atf_add_test_case text__spelling
	atf_add_test_case text__whitespace
	atf_add_test_case text__no_foreign_paths
	atf_add_test_case text__licensed
	atf_add_test_case text__complete
	atf_add_test_case compile__clang
}
