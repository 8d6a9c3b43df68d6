# SPDX-License-Identifier: ISC
# Debian's server and ours on a host, with the same files, each with a bus of
# its own: ./ours and ./theirs are the buses.  Debian's is a program for us,
# whose inside is not looked at.  Sourced after lib.sh.
# shellcheck shell=sh disable=SC2034,SC2154

theirs_port=4712

# Sanitizers make everything slower: times allowed are so many times longer.
if [ "$sanitizers" = no ]; then
	slower=1
else
	slower=4
fi

# pair: a house for both.  A client is checked by order only, by a command
# that waits for the file "gate"; and its time is not up before the test is.
pair() {
	need dbus-daemon dbus-monitor mandos-ctl
	[ -x /usr/sbin/mandos ] || atf_skip "Debian's mandos is not installed"
	/usr/bin/python3 -c 'import dbus' 2>/dev/null ||
	    atf_skip 'python3-dbus is not installed'
	house
	chmod 755 .
	printf '#! /bin/sh\nuntil [ -e %s ]; do sleep 0.02; done\n' \
	    "$PWD/gate" >check
	chmod 755 check
	cat >etc/clients.conf <<-END
		[DEFAULT]
		interval = P7D
		timeout = P1D
		checker = $PWD/check
	END
	mkdir -m 700 ours.state theirs.state
	chown "$checker_user:$checker_user" theirs.state
	pair_bus ours
	pair_bus theirs
}

# pair_client NAME [LINE...]: one more client, whose secret is its name.
pair_client() {
	key "$1"
	section "$@"
}

# pair_bus NAME [FILE]: a bus on which anybody may do anything; or, with the
# policy in this file, what is usual and what that allows.
pair_bus() {
	if [ $# -eq 1 ]; then
		pair_policy='<allow own="*"/><allow send_destination="*"/>'
	else
		pair_policy='<deny own="*"/><deny send_type="method_call"/>
		<allow send_destination="org.freedesktop.DBus"/>
		<allow send_requested_reply="true" send_type="method_return"/>
		<allow send_requested_reply="true" send_type="error"/>
		<allow receive_type="method_call"/>'
	fi
	cat >"$1.conf" <<-END
		<!DOCTYPE busconfig PUBLIC
		 "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
		 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
		<busconfig>
		<type>system</type>
		<listen>unix:path=$PWD/$1</listen>
		<auth>EXTERNAL</auth>
		<policy context="default">
		<allow user="*"/>
		$pair_policy
		<allow send_type="signal"/>
		<allow receive_sender="*"/>
		</policy>
		${2:+<include ignore_missing=\"no\">$2</include>}
		</busconfig>
	END
	dbus-daemon --config-file="$PWD/$1.conf" --nofork --nopidfile \
	    >"$1.bus.log" 2>&1 &
	wait_for 10 test -S "$1"
}

# two PROGRAM ARGUMENT...: have a program of pair.py's kind do its work.
two() {
	two_program=$1
	shift
	/usr/bin/python3 -B "$top_srcdir/regress/integ/$two_program" \
	    "$bin/mandos" "$fetcher" "$port" "$theirs_port" \
	    "$slower" "$@" >out 2>&1 || fail_with out "$(tail -n 1 out)"
}
