# SPDX-License-Identifier: ISC
# What -n complains about and -T shows, with whole files.

. "$(atf_get_srcdir)/../lib.sh"

readconf=$bin/mandos-readconf
keyid=6B130D3154DA1007596BA38FDE9CE5A4201FFF84E8CB20B080497AE4B59391DC

# case_of NAME DESCRIPTION [USER]: declare a test case.
case_of() {
	atf_test_case "$1"
	eval "$1_head() { atf_set descr \"$2\"
	    [ -z \"${3-}\" ] || atf_set require.user \"${3-}\"; }"
}

# write FILE LINE...: make etc/FILE of these lines.
write() {
	mkdir -p etc
	write_file=$1
	shift
	printf '%s\n' "$@" >"etc/$write_file"
}

# good [OPTION...]: the configuration in etc is content.
good() {
	mkdir -p etc
	atf_check -s exit:0 -o empty -e empty \
	    "$readconf" -n --configdir etc "$@"
}

# bad COMPLAINTS [OPTION...]: with -n, and with -T, which then shows nothing,
# these are all complaints, each behind its priority.
bad() {
	mkdir -p etc
	bad_text=$1
	shift
	for bad_option in -n -T; do
		atf_check -s exit:78 -o empty -e save:err \
		    "$readconf" $bad_option --configdir etc "$@"
		printf '%s\n' "$bad_text" | sed 's/^</&/;t
			s/^/<3>mandos: /' >expected
		atf_check -s exit:0 -o empty -e empty diff -u expected err
	done
}

# shown PATTERN [OPTION...]: -T shows such a line.
shown() {
	shown_pattern=$1
	shift
	atf_check -s exit:0 -o match:"$shown_pattern" -e empty \
	    "$readconf" -T --configdir etc "$@"
}

case_of files__missing 'files that are not there are empty'
files__missing_body() {
	good
	shown '^servicename = Mandos$'
}

case_of files__unreadable 'any other file that cannot be read is an error'
files__unreadable_body() {
	mkdir -p etc/mandos.conf etc/clients.conf
	bad 'etc/mandos.conf: Is a directory
etc/clients.conf: Is a directory'
	rmdir etc/mandos.conf etc/clients.conf
	: >etc/clients.d
	bad 'etc/clients.d: Not a directory'
	rm etc/clients.d
	rmdir etc
	: >etc
	atf_check -s exit:78 -o empty \
	    -e inline:"<3>mandos: etc/mandos.conf: Not a directory
<3>mandos: etc/clients.conf: Not a directory
<3>mandos: etc/clients.d: Not a directory\n" \
	    "$readconf" -n --configdir etc
}

case_of files__no_permission 'a file of somebody else is an error' unprivileged
files__no_permission_body() {
	write clients.conf '[DEFAULT]'
	chmod 0 etc/clients.conf
	bad 'etc/clients.conf: Permission denied'
}

case_of directory__unreadable 'what is in clients.d must be readable'
directory__unreadable_body() {
	mkdir -p etc/clients.d/dir.conf
	ln -s nowhere etc/clients.d/link.conf
	bad 'etc/clients.d/dir.conf: Is a directory
etc/clients.d/link.conf: No such file or directory'
	rmdir etc/clients.d/dir.conf
	rm etc/clients.d/link.conf
	good
	# Nobody but us looks at these.
	ln -s nowhere etc/clients.d/.#link.conf
	mkdir etc/clients.d/dir
	good
}

case_of directory__no_permission 'clients.d must be readable' unprivileged
directory__no_permission_body() {
	mkdir -p etc/clients.d
	echo nonsense >etc/clients.d/a.conf
	chmod 0 etc/clients.d/a.conf
	bad 'etc/clients.d/a.conf: Permission denied'
	chmod 0 etc/clients.d
	bad 'etc/clients.d: Permission denied'
	chmod 700 etc/clients.d
}

case_of directory__defaults 'whose [DEFAULT] holds for whom'
directory__defaults_body() {
	write clients.conf '[DEFAULT]' 'timeout = PT1S' 'interval = PT2S' \
	    'host = h-%(own)s' 'own = common' "key_id = $keyid" 'secret =' \
	    '[first]'
	mkdir etc/clients.d
	write clients.d/a.conf '[DEFAULT]' 'timeout = PT3S' 'own = a' \
	    '[second]' '[third]' 'timeout = PT4S' 'own = third'
	write clients.d/b.conf '[fourth]' 'interval = PT5S'
	atf_check -s exit:0 -o save:shown -e save:err \
	    "$readconf" -T --configdir etc
	cat >expected <<-END
		[first]
		host = h-common
		timeout = PT1S
		interval = PT2S
		[second]
		host = h-a
		timeout = PT3S
		interval = PT2S
		[third]
		host = h-third
		timeout = PT4S
		interval = PT2S
		[fourth]
		host = h-common
		timeout = PT1S
		interval = PT5S
	END
	sed -n '/^# clients/,$p' shown |
	    grep -e '^\[' -e '^host' -e '^timeout' -e '^interval' >actual
	atf_check -s exit:0 -o empty -e empty diff -u expected actual
	# All have one key, of which the first can use it.
	atf_check -s exit:0 -e empty -o inline:"\
<4>mandos: etc/clients.d/a.conf:4: this client has the key_id of the one in \
etc/clients.conf:8, and can never match
<4>mandos: etc/clients.d/a.conf:5: this client has the key_id of the one in \
etc/clients.conf:8, and can never match
<4>mandos: etc/clients.d/b.conf:1: this client has the key_id of the one in \
etc/clients.conf:8, and can never match
" cat err
}

case_of directory__errors 'errors in clients.d are reported where they stand'
directory__errors_body() {
	write clients.conf '[DEFAULT]' 'secret =' 'odd = %(gone)s' \
	    "key_id = $keyid" '[first]' 'gone = 1'
	mkdir etc/clients.d
	write clients.d/a.conf '[DEFAULT]' 'interval = soon' '[second]' \
	    'odd = 1' 'key_id = x' '[first]' 'gone = 1'
	write clients.d/b.conf '[third]' 'odd = 1' 'key_id = x' \
	    '[second]' 'odd = 1' '[fourth]'
	bad 'etc/clients.d/a.conf:2: interval is not a duration, such as PT5M '\
'or P1DT12H
<4>mandos: etc/clients.d/a.conf:5: key_id is not the 64 hexadecimal digits of '\
'a key: this client can never match
etc/clients.d/a.conf:6: there is a client of this name already, in '\
'etc/clients.conf:5
<4>mandos: etc/clients.d/b.conf:3: key_id is not the 64 hexadecimal digits of '\
'a key: this client can never match
etc/clients.d/b.conf:4: there is a client of this name already, in '\
'etc/clients.d/a.conf:3
etc/clients.conf:3: "%(gone)s" names no key of section [fourth]'
}

case_of errors__policy 'keys about checkers and restarts have their ranges'
errors__policy_body() {
	write mandos.conf '[DEFAULT]' 'restart_policy = Strict' \
	    'max_checkers = 0' 'checker_timeout = soon'
	bad 'etc/mandos.conf:3: max_checkers is not between 1 and 10000
etc/mandos.conf:4: checker_timeout is not a duration, such as PT5M or P1DT12H
etc/mandos.conf:2: restart_policy is neither original nor strict'
	write mandos.conf '[DEFAULT]' 'restart_policy =' \
	    'max_checkers = 10001' 'checker_timeout = P1000000000D'
	bad 'etc/mandos.conf:3: max_checkers is not between 1 and 10000
etc/mandos.conf:4: checker_timeout is longer than 999999999 days
etc/mandos.conf:2: restart_policy is neither original nor strict'
	write mandos.conf '[DEFAULT]' 'restart_policy = strict' \
	    'max_checkers = 10000' 'checker_timeout = P999999999D'
	shown '^restart_policy = strict$'
	shown '^max_checkers = 10000$'
	shown '^checker_timeout = P999999999D$'
	rm etc/mandos.conf
	shown '^restart_policy = original$'
	shown '^max_checkers = 64$'
	shown '^checker_timeout = PT0S$'
}

case_of errors__too_long 'strings that do not fit into a message'
errors__too_long_body() {
	mkdir etc
	long=$(printf '%060000d' 0)
	printf '[a]\nsecret =\nkey_id = %s\nhost = %s\n' "$keyid" "$long" \
	    >etc/clients.conf
	bad 'etc/clients.conf:1: name, host, checker, key_id and fingerprint '\
'of this client are too long together'
}

case_of files__too_large 'a file has at most 64 MiB'
files__too_large_body() {
	mkdir etc
	truncate -s 67108865 etc/clients.conf
	bad 'etc/clients.conf: this file is larger than 64 MiB'
}

case_of files__shipped 'the files that are installed are sound'
files__shipped_body() {
	mkdir etc
	cp "$top_srcdir/etc/mandos.conf" "$top_srcdir/etc/clients.conf" etc
	good
	"$readconf" -T --configdir etc >shipped || atf_fail 'status'
	rm etc/*.conf
	# They only say what is the case anyway.
	atf_check -s exit:0 -o file:shipped -e empty \
	    "$readconf" -T --configdir etc
	# Their examples work as well.
	sed -e '/^#[[a-z]/s/^#//' -e '/^#	/s/^#//' \
	    -e 's|= /etc/mandos/bar.secret|= bar.secret|' \
	    "$top_srcdir/etc/clients.conf" >etc/clients.conf
	: >bar.secret
	good
	shown '^\[bar\]$'
	sed '/^#[a-z_]* *=/s/^#//' "$top_srcdir/etc/mandos.conf" \
	    >etc/mandos.conf
	good
}

case_of errors__grammar 'all bad lines are reported, with their number'
errors__grammar_body() {
	write clients.conf '# comment' 'early = 1' 'also = early' '[a]' \
	    'garbage' 'x = 1' '= no key' 'X = 2' '[]' '[a]'
	bad 'etc/clients.conf:2: there must be a [section] before this line
etc/clients.conf:5: this is no section, comment or "key = value"
etc/clients.conf:7: there is no key before the delimiter
etc/clients.conf:8: this section has this key already
etc/clients.conf:9: this section has no name
etc/clients.conf:10: there is a section of this name already'
	printf '[a]\r\nx = y\rz = \377\n' >etc/clients.conf
	bad 'etc/clients.conf:3: this is not valid UTF-8'
	printf '\357\273\277[a]\n' >etc/clients.conf
	bad 'etc/clients.conf:1: there must be a [section] before this line'
}

case_of errors__references 'bad references are reported where they stand'
errors__references_body() {
	write clients.conf '[DEFAULT]' 'odd = %(host)' 'sum = %(gone)s' \
	    '[a]' 'secret =' "key_id = $keyid" 'one = 100%' 'two = %(two)s' \
	    'three = %(nope)s' '[b]' 'odd = 1' 'sum = 2' 'secret ='
	bad 'etc/clients.conf:7: "%" must be followed by "%" or "("
etc/clients.conf:8: the references in this value go deeper than 10 levels, or '\
'in a circle
etc/clients.conf:9: "%(nope)s" names no key of section [a]
etc/clients.conf:2: "%(" must be followed by a key and ")s"
etc/clients.conf:3: "%(gone)s" names no key of section [a]
<4>mandos: etc/clients.conf:10: this client has no key_id and can never match'
	write clients.conf '[a]' 'secret =' "key_id = $keyid" \
	    'x = %(a1)s'
	for i in 1 2 3 4 5 6 7 8; do
		echo "a$i = $(printf "%%(a$((i + 1)))s%.0s" $(seq 30))"
	done >>etc/clients.conf
	echo 'a9 = %%%%%%%%' >>etc/clients.conf
	bad 'etc/clients.conf:4: the references in this file expand to too much'
}

case_of errors__values 'bad values are reported where they stand'
errors__values_body() {
	write clients.conf '[DEFAULT]' 'approval_delay = soon' '[a]' \
	    'interval = 0s' 'timeout = -5s' 'extended_timeout = P1000000000D' \
	    'enabled = maybe' "key_id = $keyid" 'secret = A' '[b]' \
	    'approval_delay = PT1S' 'key_id = 12 34'
	bad 'etc/clients.conf:5: timeout is a negative duration
etc/clients.conf:6: extended_timeout is longer than 999999999 days
etc/clients.conf:4: interval is zero
etc/clients.conf:2: approval_delay is not a duration, such as PT5M or P1DT12H
etc/clients.conf:7: enabled is neither yes nor no
etc/clients.conf:9: secret is no valid base64
<4>mandos: etc/clients.conf:12: key_id is not the 64 hexadecimal digits of a '\
'key: this client can never match
etc/clients.conf:10: this client has neither secret nor secfile'
	printf '[a]\nsecret =\nhost = a\0b\nkey_id = %s\n' "$keyid" \
	    >etc/clients.conf
	bad 'etc/clients.conf:3: host contains a NUL byte'
}

case_of errors__settings 'bad settings are reported where they stand'
errors__settings_body() {
	write mandos.conf '[DEFAULT]' 'port = abc' 'debug =' \
	    'socket = %(none)s' 'zeroconf = 2' 'max_sessions = 0' \
	    'handshake_timeout = P1Y' 'penalty_max = 1' 'penalty_late = -1s'
	bad 'etc/mandos.conf:3: debug is neither yes nor no
etc/mandos.conf:5: zeroconf is neither yes nor no
etc/mandos.conf:2: port is not an integer
etc/mandos.conf:4: "%(none)s" names no key of section [DEFAULT]
etc/mandos.conf:6: max_sessions is not between 1 and 65536
etc/mandos.conf:7: handshake_timeout is not between PT1S and P1D
etc/mandos.conf:9: penalty_late is a negative duration
etc/mandos.conf:8: penalty_max is not a duration, such as PT5M or P1DT12H'
	write mandos.conf '[DEFAULT]' 'penalty_max = PT1S'
	bad 'etc/mandos.conf:2: penalty_min is more than penalty_max'
	write mandos.conf '[DEFAULT]' 'debuglevel = loud' 'port = 70000'
	bad 'etc/mandos.conf:3: port is not between 0 and 65535'
	bad 'etc/mandos.conf:2: debuglevel is none of CRITICAL, ERROR, '\
'WARNING, INFO and DEBUG' --port 1
	bad '--debuglevel: debuglevel is none of CRITICAL, ERROR, WARNING, '\
'INFO and DEBUG' --port 1 --debuglevel x
	good --port 1 --debug
	bad '--socket: socket is not between 0 and 2147483647' --debug \
	    --port 1 --socket -1
	bad '--interface: interface is longer than 15 bytes' --debug \
	    --port 1 -i a-very-long-name
}

case_of errors__both_files 'complaints about one file do not hide the other'
errors__both_files_body() {
	write mandos.conf '[DEFAULT]' 'port = x'
	write clients.conf '[a]'
	bad "etc/mandos.conf:2: port is not an integer
<4>mandos: etc/clients.conf:1: this client has no key_id and can never match
etc/clients.conf:1: this client has neither secret nor secfile"
}

case_of errors__many 'after a hundred complaints there is only one more'
errors__many_body() {
	mkdir etc
	echo '[a]' >etc/clients.conf
	seq 500 >>etc/clients.conf
	atf_check -s exit:78 -o empty -e save:err \
	    "$readconf" -n --configdir etc
	atf_check -s exit:0 -o inline:'101 err\n' -e empty wc -l err
	atf_check -s exit:0 -o inline:'<3>mandos: there are more errors\n' \
	    -e empty tail -n 1 err
}

case_of warnings__keyids 'clients that can never match are named'
warnings__keyids_body() {
	write clients.conf '[DEFAULT]' 'secret =' '[a]' "key_id = $keyid" \
	    '[b]' "key_id = $(echo $keyid | tr A-F a-f)" '[c]' \
	    'fingerprint = 1234'
	atf_check -s exit:0 -o empty -e save:err \
	    "$readconf" -n --configdir etc
	atf_check -s exit:0 -e empty -o inline:"\
<4>mandos: etc/clients.conf:5: this client has the key_id of the one in line \
3, and can never match
<4>mandos: etc/clients.conf:7: this client has no key_id and can never match
" cat err
}

case_of priority__checked '-n asks mandos-netd about the priority string'
priority__checked_body() {
	write mandos.conf '[DEFAULT]' 'port = 1' \
	    'priority = SECURE128:NONSENSE'
	atf_check -s exit:78 -o empty -e save:err \
	    "$readconf" -n --configdir etc
	atf_check -s exit:0 -e empty -o inline:"\
<3>mandos: etc/mandos.conf:3: priority cannot be used\n" tail -n 1 err
	good --priority ''
}

case_of address__resolved 'an address is looked up, and must be of use'
address__resolved_body() {
	mkdir etc
	for address in ::1 ::ffff:127.0.0.1 ::; do
		good -a "$address"
	done
	good --no-ipv6 -a 127.0.0.1
	good -a fe80::1%nonsense -i lo
	bad '--address: address is an IPv4 address; write ::ffff:127.0.0.1, '\
'or do without IPv6' -a 127.0.0.1
	bad '--address: address is an IPv6 address, but IPv6 is not in use' \
	    --no-ipv6 -a ::1
	bad '--address: a link-local address needs an interface' -a fe80::1
	bad '--interface: there is no interface nonsense' -a fe80::1 \
	    -i nonsense
	write mandos.conf '[DEFAULT]' 'address = 192.0.2.1.2'
	atf_check -s exit:78 -o empty -e match:'^<3>mandos: '\
'etc/mandos.conf:2: address has no IPv6 address: ' \
	    "$readconf" -n --configdir etc
}

case_of show__round_trip 'what -T shows reads as the same configuration'
show__round_trip_body() {
	write mandos.conf '[DEFAULT]' 'port = 4711' 'debuglevel = info' \
	    'servicename = My' '	Mandos' '' '	100%' 'use_dbus = no' \
	    'penalty_max = 1h 1s' 'priority = NORMAL' 'socket = 5'
	write clients.conf '[DEFAULT]' 'checker = c %(host)s %%(host)s' \
	    "[a b]" 'host = h' '	100%%' "key_id = $keyid" 'secret = AAAA' \
	    'interval = 90s' 'enabled = off' '[c]' 'secret ='
	"$readconf" -T --configdir etc --restore >first 2>/dev/null &&
	    atf_fail 'an option that is none was taken'
	"$readconf" -T --configdir etc --foreground >first 2>err ||
	    atf_fail "$(cat err)"
	for line in 'servicename = My' '	100%' 'penalty_max = PT1H0M1S' \
	    'foreground = yes' 'debuglevel = INFO' 'use_dbus = no' \
	    'max_connections = 8192' '\[a b\]' 'checker = c h' \
	    'host = h' '	100%%' '# secret: 3 bytes' 'enabled = no' \
	    '	100%% %%(host)s' '# secret: 0 bytes'; do
		atf_check -s exit:0 -o ignore -e empty \
		    grep -x -e "$line" first
	done
	atf_check -s exit:1 -o empty -e empty grep AAAA first
	# The first part is mandos.conf, the second clients.conf but for the
	# secrets.
	mkdir again
	sed '/^# clients.conf$/,$d' first >again/mandos.conf
	sed '1,/^# clients.conf$/d' first |
	    sed -e 's/^# secret: 3.*/secret = AAAA/' \
	    -e 's/^# secret: 0.*/secret =/' >again/clients.conf
	atf_check -s exit:0 -o file:first -e ignore \
	    "$readconf" -T --configdir again
	# All of it can be read as mandos.conf.
	cp first again/mandos.conf
	atf_check -s exit:0 -o file:first -e ignore \
	    "$readconf" -T --configdir again
}

case_of show__default_priority 'the default priority is shown'
show__default_priority_body() {
	mkdir etc
	shown '^priority = SECURE128:.*:%PROFILE_ULTRA:-GROUP-ALL:.GROUP-X25519'
	shown '^priority = NORMAL$' --priority NORMAL
}

case_of secfile__expanded 'variables and home directories in secfile'
# shellcheck disable=SC2016	# it is the reader that expands
secfile__expanded_body() {
	mkdir home etc
	printf 'abc' >home/one
	printf '\0\377\n' >home/'$NOTHING'
	: >home/empty
	write clients.conf '[DEFAULT]' "key_id = $keyid" \
	    '[a]' 'secfile = $DIR/one' '[b]' 'secfile = ${DIR}/on${E}' \
	    '[c]' 'secfile = ~/one' '[d]' 'secfile = home/$NOTHING' \
	    '[e]' 'secfile = ~/empty'
	env HOME="$PWD/home/" DIR=home E=e "$readconf" -T --configdir etc \
	    >out 2>/dev/null || atf_fail 'status'
	atf_check -s exit:0 -e empty -o inline:"# secret: 3 bytes
# secret: 3 bytes
# secret: 3 bytes
# secret: 3 bytes
# secret: 0 bytes
" grep '^# secret' out
	write clients.conf '[DEFAULT]' 'secfile = /' '[a]' "key_id = $keyid" \
	    '[b]' 'secfile = ~nobody-of-this-name/x' '[c]' 'secfile = $NO' \
	    '[d]' 'secfile = big' '[e]' 'secfile = fifo'
	mkfifo fifo
	truncate -s 65537 big
	env -u NO "$readconf" -n --configdir etc 2>err
	atf_check_equal 78 $?
	atf_check -s exit:0 -e empty -o inline:"\
<3>mandos: etc/clients.conf:2: secfile /: it is no regular file
<3>mandos: etc/clients.conf:6: secfile ~nobody-of-this-name/x: \
No such file or directory
<3>mandos: etc/clients.conf:8: secfile \$NO: No such file or directory
<3>mandos: etc/clients.conf:10: secfile big: it is too large
<3>mandos: etc/clients.conf:12: secfile fifo: it is no regular file
" grep '^<3>' err
}

case_of secfile__of_passwd 'a user'\''s home directory comes from /etc/passwd'
secfile__of_passwd_body() {
	user=$(awk -F: '$6 ~ /^\/./ && $6 != "/" { print $1; exit }' \
	    /etc/passwd)
	home=$(awk -F: -v user="$user" '$1 == user { print $6 }' /etc/passwd)
	write clients.conf '[a]' "key_id = $keyid" \
	    "secfile = ~$user/no/such/file"
	bad "etc/clients.conf:3: secfile $home/no/such/file: "\
'No such file or directory'
	# Our own one, if nothing else says where it is.
	home=$(awk -F: -v uid="$(id -u)" '$3 == uid { print $6; exit }' \
	    /etc/passwd)
	write clients.conf '[a]' "key_id = $keyid" 'secfile = ~/no/such/file'
	unset HOME
	bad "etc/clients.conf:3: secfile ${home%/}/no/such/file: "\
'No such file or directory'
}

atf_init_test_cases() {
	atf_add_test_case files__missing
	atf_add_test_case files__unreadable
	atf_add_test_case files__no_permission
	atf_add_test_case files__too_large
	atf_add_test_case directory__unreadable
	atf_add_test_case directory__no_permission
	atf_add_test_case directory__defaults
	atf_add_test_case directory__errors
	atf_add_test_case errors__policy
	atf_add_test_case errors__too_long
	atf_add_test_case files__shipped
	atf_add_test_case errors__grammar
	atf_add_test_case errors__references
	atf_add_test_case errors__values
	atf_add_test_case errors__settings
	atf_add_test_case errors__both_files
	atf_add_test_case errors__many
	atf_add_test_case warnings__keyids
	atf_add_test_case priority__checked
	atf_add_test_case address__resolved
	atf_add_test_case show__round_trip
	atf_add_test_case show__default_priority
	atf_add_test_case secfile__expanded
	atf_add_test_case secfile__of_passwd
}
