# SPDX-License-Identifier: ISC
# The command line: texts and exit status.  What options do together with
# files is in config_test, their grammar in reader_test.

. "$(atf_get_srcdir)/../lib.sh"

readconf=$bin/mandos-readconf

# case_of NAME DESCRIPTION: declare a test case.
case_of() {
	atf_test_case "$1"
	eval "$1_head() { atf_set descr \"$2\"; }"
}

# usage_error TEXT ARGUMENT...: these arguments are answered with the usage
# block and that text.
usage_error() {
	usage_text=$1
	shift
	atf_check -s exit:2 -o empty -e save:err "$readconf" "$@"
	atf_check -s exit:0 -o inline:"mandos: error: $usage_text\n" -e empty \
	    tail -n 1 err
	atf_check -s exit:0 -o match:'^usage: mandos \[-h\] ' -e empty \
	    head -n 1 err
	sed '$d' err >block
	atf_check -s exit:1 -o empty -e empty \
	    grep -v '^usage: \|^     *\[' block
}

case_of help__shown '--help is the usage block and a list of options'
help__shown_body() {
	usage_error 'unrecognized arguments: x' x
	for option in -h --help --h; do
		atf_check -s exit:0 -o save:help -e empty "$readconf" $option
		lines=$(wc -l <block)
		atf_check -s exit:0 -o file:block -e empty \
		    head -n "$lines" help
		atf_check -s exit:0 -o match:'^  -p, --port PORT$' -e empty \
		    grep -e --port help
	done
}

case_of version__shown '--version is one line'
version__shown_body() {
	for option in -v --version --vers; do
		atf_check -s exit:0 -o match:'^mandos [0-9.]*$' -e empty \
		    "$readconf" $option
	done
	atf_check -s exit:0 -o inline:'1\n' -e empty \
	    sh -c "'$readconf' -v | wc -l | tr -d ' '"
}

case_of errors__as_the_original 'usage errors have the texts of the original'
errors__as_the_original_body() {
	usage_error 'unrecognized arguments: --nonsense x' --nonsense x
	usage_error 'unrecognized arguments: stray' -- stray
	usage_error "argument -p/--port: invalid int value: 'x'" --port x
	usage_error "argument -p/--port: invalid int value: ''" --port=
	usage_error "argument -p/--port: invalid int value: '0x10'" -p0x10
	usage_error 'argument -p/--port: expected one argument' -p
	usage_error 'argument -p/--port: expected one argument' --port --debug
	usage_error 'argument --socket: expected one argument' --socket --
	usage_error "argument --debug: ignored explicit argument '1'" --debug=1
	usage_error "argument -h/--help: ignored explicit argument 'x'" -hx
	usage_error 'ambiguous option: --s could match --servicename, '\
'--socket, --statedir' --s
	usage_error 'ambiguous option: --no could match --no-dbus, '\
'--no-ipv6, --no-restore, --no-zeroconf' --no
}

case_of errors__unreachable 'without Zeroconf there must be a port or a socket'
errors__unreachable_body() {
	mkdir etc
	text='Needs port or socket to work without Zeroconf'
	set -- -n --configdir etc
	usage_error "$text" "$@" --no-zeroconf
	usage_error "$text" "$@" --no-zeroconf --port 0
	printf '[DEFAULT]\nzeroconf = no\n' >etc/mandos.conf
	usage_error "$text" "$@"
	for option in --port=4711 --socket=0; do
		atf_check -s exit:0 -o empty -e empty "$readconf" "$@" $option
	done
}

case_of abbreviations__of_the_original 'our options disturb no abbreviation'
abbreviations__of_the_original_body() {
	mkdir etc
	for option in --conf --config --configd; do
		atf_check -s exit:0 -o empty -e empty \
		    "$readconf" -n $option etc
	done
	for option in --config-t --config-test -n; do
		atf_check -s exit:0 -o empty -e empty \
		    "$readconf" $option --configdir etc
	done
	usage_error 'ambiguous option: --s could match --servicename, '\
'--socket, --statedir' --s
	atf_check -s exit:0 -o match:'^servicename = x$' -e empty \
	    "$readconf" --sh --se x --configdir etc
	atf_check -s exit:0 -o match:'^statedir = x$' -e empty \
	    "$readconf" -T --st x --star --configdir etc
}

case_of arguments__alone 'the program wants to be started by the server'
arguments__alone_body() {
	mkdir etc
	atf_check -s exit:64 -o empty \
	    -e inline:'<2>mandos: this program is started by mandos(8) only\n' \
	    "$readconf" --configdir etc 3>&-
	atf_check -s exit:64 -o empty \
	    -e inline:'<2>mandos: this program is started by mandos(8) only\n' \
	    "$readconf" --check 3</dev/null
}

atf_init_test_cases() {
	atf_add_test_case help__shown
	atf_add_test_case version__shown
	atf_add_test_case errors__as_the_original
	atf_add_test_case errors__unreachable
	atf_add_test_case abbreviations__of_the_original
	atf_add_test_case arguments__alone
}
