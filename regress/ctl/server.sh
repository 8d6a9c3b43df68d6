# SPDX-License-Identifier: ISC
# Whole servers on buses of their own, for tests of tools that command them.
# Sourced after lib.sh.
# shellcheck shell=sh disable=SC2034,SC2154

# server_of NAME PORT COMMAND...: a bus and this server on it, on the host
# "server" and with the files in ./etc.
server_of() {
	getent passwd "$bus_user" >/dev/null ||
	    atf_skip "there is no user $bus_user"
	of_name=$1
	of_port=$2
	shift 2
	if [ ! -S "$of_name.bus" ]; then
		# Who has given up root looks for it here.
		chmod 755 .
		bus_open "$of_name.bus"
	fi
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
