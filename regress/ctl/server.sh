# SPDX-License-Identifier: ISC
# Whole servers on buses of their own, for tests of tools that command them.
# Sourced after lib.sh.
# shellcheck shell=sh disable=SC2034,SC2154

# bus_of NAME: a bus that lets everybody do everything.
bus_of() {
	need dbus-daemon
	# Who has given up root looks for it here.
	chmod 755 .
	cat >"$1.conf" <<-END
		<!DOCTYPE busconfig PUBLIC
		 "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
		 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
		<busconfig>
		<type>system</type>
		<listen>unix:path=$PWD/$1.bus</listen>
		<auth>EXTERNAL</auth>
		<policy context="default">
		<allow user="*"/>
		<allow own="*"/>
		<allow send_destination="*"/>
		<allow send_type="signal"/>
		<allow receive_sender="*"/>
		</policy>
		</busconfig>
	END
	dbus-daemon --config-file="$PWD/$1.conf" --nofork --nopidfile \
	    >"$1.bus.log" 2>&1 &
	echo $! >"$1.bus.pid"
	wait_for 10 test -S "$1.bus"
}

# server_of NAME PORT COMMAND...: a bus and this server on it, on the host
# "server" and with the files in ./etc.
server_of() {
	getent passwd "$bus_user" >/dev/null ||
	    atf_skip "there is no user $bus_user"
	of_name=$1
	of_port=$2
	shift 2
	[ -S "$of_name.bus" ] || bus_of "$of_name"
	[ -d "$of_name.state" ] || mkdir -m 700 "$of_name.state"
	case $of_name in
	debian*) chown _mandos:_mandos "$of_name.state" ;;
	esac
	nsenter --target "$(cat server.host)" --net env \
	    DBUS_SYSTEM_BUS_ADDRESS="unix:path=$PWD/$of_name.bus" \
	    "$@" --foreground --no-zeroconf --port "$of_port" \
	    --configdir "$PWD/etc" --statedir "$PWD/$of_name.state" \
	    >"$of_name.log" 2>&1 &
	echo $! >"$of_name.pid"
}
