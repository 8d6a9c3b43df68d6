# SPDX-License-Identifier: ISC
# The server is announced by a real avahi-daemon, whenever there is one, and
# found from another host; and whatever Avahi does, secrets are handed out.

. "$(atf_get_srcdir)/../lib.sh"

# Sanitizers make everything slower: times allowed are so many times longer.
if [ "$sanitizers" = no ]; then
	slower=1
else
	slower=4
fi

# case_of NAME DESCRIPTION: declare a test case.
case_of() {
	atf_test_case "$1"
	eval "$1_head() {
		atf_set descr \"$2\"
		atf_set timeout 600
		atf_set require.user root
	}"
}

# --- hosts with a bus and an avahi-daemon of their own

# bus NAME: a system bus on this host.  It has Debian's policy for Avahi; who
# may call the server is not our matter here.
bus() {
	need dbus-send
	cat >"$1.bus.conf" <<-END
		<!DOCTYPE busconfig PUBLIC
		 "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
		 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
		<busconfig>
		<type>system</type>
		<listen>unix:path=$PWD/$1.bus</listen>
		<auth>EXTERNAL</auth>
		<policy context="default">
		<allow user="*"/>
		<deny own="*"/>
		<deny send_type="method_call"/>
		<allow send_type="signal"/>
		<allow send_requested_reply="true" send_type="method_return"/>
		<allow send_requested_reply="true" send_type="error"/>
		<allow receive_type="method_call"/>
		<allow receive_type="method_return"/>
		<allow receive_type="error"/>
		<allow receive_type="signal"/>
		<allow send_destination="org.freedesktop.DBus"/>
		<allow own_prefix="se.recompile.Mandos"/>
		<allow own_prefix="se.bsnet.fukt.Mandos"/>
		<allow send_destination="se.recompile.Mandos"/>
		</policy>
		<include>/usr/share/dbus-1/system.d/avahi-dbus.conf</include>
		</busconfig>
	END
	bus_run "$1.bus"
}

# on NAME COMMAND...: run it on that host, where it finds that bus.
on() {
	on_name=$1
	shift
	at "$on_name" env \
	    DBUS_SYSTEM_BUS_ADDRESS="unix:path=$PWD/$on_name.bus" "$@"
}

# avahi NAME [LINE...]: an avahi-daemon on this host, with these lines in its
# section "server".  Its files below /run are its own.
avahi() {
	need avahi-daemon unshare
	avahi_name=$1
	shift
	{
		printf '[server]\nhost-name=%s\nratelimit-burst=1000\n' \
		    "$avahi_name"
		printf '%s\n' "$@"
		printf '[wide-area]\nenable-wide-area=no\n[publish]\n'
		printf 'publish-hinfo=no\npublish-workstation=no\n'
	} >"$avahi_name.avahi.conf"
	# Nothing between, so that it is this process.
	nsenter --target "$(cat "$avahi_name.host")" --net env \
	    DBUS_SYSTEM_BUS_ADDRESS="unix:path=$PWD/$avahi_name.bus" \
	    unshare --mount sh -c '
	mount -t tmpfs -o mode=755 tmpfs /run && mkdir /run/avahi-daemon &&
	    exec avahi-daemon --file="$1" --no-drop-root --no-chroot \
	    --no-proc-title --no-rlimits
	' sh "$PWD/$avahi_name.avahi.conf" >>"$avahi_name.avahi.log" 2>&1 &
	echo $! >"$avahi_name.avahi.pid"
}

# fake NAME MODE...: in its place somebody plays it as told; he says what he
# is asked for in NAME.fake.
fake() {
	/usr/bin/python3 -c 'import dbus, dbus.mainloop.glib, gi' ||
	    atf_skip 'python3-dbus or python3-gi is not installed'
	fake_name=$1
	shift
	nsenter --target "$(cat "$fake_name.host")" --net env \
	    DBUS_SYSTEM_BUS_ADDRESS="unix:path=$PWD/$fake_name.bus" \
	    /usr/bin/python3 "$top_srcdir/regress/busd/avahi_fake.py" "$@" \
	    >"$fake_name.fake" 2>"$fake_name.fake.err" &
	echo $! >"$fake_name.avahi.pid"
	wait_for 20 grep -q '^ready$' "$fake_name.fake.err"
}

# dies NAME WHAT: kill the bus or avahi (WHAT) of this host, at once.
dies() {
	kill -KILL "$(cat "$1.$2.pid")"
	wait "$(cat "$1.$2.pid")" || :
}

# hosts: a server's host and a client's, with a cable: srv0 and cli0.
hosts() {
	need avahi-browse
	house
	# For who is not root and looks for the bus.
	chmod 755 .
	host_new client
	host_join server srv0 client cli0
}

# listener: the client's host has an avahi-daemon, too.
listener() {
	bus client
	avahi client "$@"
	wait_for 20 grep -q 'startup complete' client.avahi.log
}

# --- the server

# announces [OPTION...]: start the server, which is to be announced.
announces() {
	[ -d server.state ] || mkdir -m 700 server.state
	server_run server env \
	    DBUS_SYSTEM_BUS_ADDRESS="unix:path=$PWD/server.bus" \
	    "$bin/mandos" --foreground --debuglevel DEBUG \
	    --statedir "$PWD/server.state" --configdir "$PWD/etc" \
	    --port "$port" "$@"
	wait_for $((10 * slower)) has_announcer
	monitor=$(server_part server monitor)
	busd=$(server_part server busd)
	announcer=$(pgrep -P "$busd")
}

has_announcer() {
	pgrep -P "$(server_part server busd)"
}

# same: the processes are still those that were started then.
same() {
	[ "$(server_part server monitor)" = "$monitor" ] &&
	    [ "$(server_part server busd)" = "$busd" ] &&
	    [ "$(pgrep -P "$busd")" = "$announcer" ] ||
	    server_fail server 'busd or the monitor is another'
}

# is_on_bus: does the server answer there, and soon?
is_on_bus() {
	on server dbus-send --system --print-reply --reply-timeout=1000 \
	    --dest=se.recompile.Mandos / se.recompile.Mandos.GetAllClients
}

# established COUNT: has it been announced so often, or more?
established() {
	[ "$(grep -c 'busd: Zeroconf service established\.$' server.log)" \
	    -ge "$1" ]
}

# announced COUNT: hold that within five seconds it has been.
announced() {
	wait_for $((5 * slower)) established "$1"
}

# said COUNT REGEX: hold that the server has said so, so often.
said() {
	atf_check -s ignore -o inline:"$1\n" -e empty grep -ce "$2" server.log
}

# --- what can be found

# browse: write to "found" all servers that the client's host sees, in order.
browse() {
	on client avahi-browse --resolve --terminate --parsable \
	    _mandos._tcp >browsed 2>browse.err &&
	    grep '^=' browsed | sort >found
}

# seen REGEX: are they, and are there no others?
seen() {
	browse && grep -qx -e "$1" found && ! grep -qvx -e "$1" found
}

# none: are there none?
none() {
	browse && [ ! -s found ]
}

# finds REGEX: hold that soon this and nothing else is found.
finds() {
	wait_end=$(($(date +%s) + 20 * slower))
	until seen "$1"; do
		[ "$(date +%s)" -le "$wait_end" ] ||
		    fail_with found "not found, or not alone: $1"
	done
}

# entry NAME [IF] [PROTOCOL] [PORT]: a line of avahi-browse, as regular
# expression; of blanks and the like in names it makes \DDD.
entry() {
	printf '=;%s;%s;%s;_mandos\\._tcp;local;server\\.local;%s;%s;' \
	    "${2:-cli0}" "${3:-IPv6}" "$1" '[0-9a-f.:]*' "${4:-$port}"
}
second='Mandos\\032\\0352'

case_of announced__name_port_and_text 'it is found as it ought to be'
announced__name_port_and_text_body() {
	hosts
	listener
	bus server
	avahi server use-ipv4=no
	wait_for $((20 * slower)) grep -q 'startup complete' server.avahi.log
	announces
	finds "$(entry Mandos)"
	said 1 "<7>mandos-busd: Adding Zeroconf service 'Mandos' of type$(
	    ) '_mandos\._tcp' \.\.\.\$"
	same
	gets good good
	# And is no more.
	server_stop server
	wait_for $((20 * slower)) none
	atf_check -s exit:1 -o empty -e empty grep '^<[0-3]>' server.log
}

case_of announced__another_name 'name and port are those of the settings'
announced__another_name_body() {
	hosts
	listener
	bus server
	avahi server use-ipv4=no
	port=4713
	announces --servicename 'Hüter'
	finds "$(entry 'H\\195\\188ter')"
	server_stop server
}

case_of announced__any_port 'the port is the one that the kernel has chosen'
announced__any_port_body() {
	hosts
	listener
	bus server
	avahi server use-ipv4=no
	mkdir -m 700 server.state
	nsenter --target "$(cat server.host)" --net env \
	    DBUS_SYSTEM_BUS_ADDRESS="unix:path=$PWD/server.bus" \
	    "$bin/mandos" --foreground --debuglevel DEBUG \
	    --statedir "$PWD/server.state" --configdir "$PWD/etc" \
	    >server.log 2>&1 &
	echo $! >server.pid
	logs 'Now listening'
	port=$(sed -n "s/.*Now listening on.* port \([0-9]*\),.*/\1/p" \
	    server.log)
	[ "$port" -gt 0 ] || server_fail server 'it listens on no port'
	finds "$(entry Mandos)"
	gets good good
	server_stop server
}

case_of announced__debian_client 'Debian'\''s client finds it by itself'
announced__debian_client_body() {
	need gpg certtool
	client=$(echo /usr/lib/*/mandos/plugins.d/mandos-client)
	[ -x "$client" ] || atf_skip 'mandos-client is not installed'
	hosts
	client_keys foo
	client_section foo "$PWD/foo" 'the password' >>etc/clients.conf
	bus server
	avahi server use-ipv4=no
	announces --no-dbus
	announced 1
	# No --connect; and no avahi-daemon, and no bus, on its host.
	MANDOSPLUGINHELPERDIR=$(echo /usr/lib/*/mandos/plugin-helpers) \
	    atf_check -s exit:0 -o inline:'the password' -e ignore \
	    ./at_client timeout $((60 * slower)) "$client" --interface=cli0 \
	    --pubkey=foo/pubkey.txt --seckey=foo/seckey.txt \
	    --tls-pubkey=foo/tls-pubkey.pem \
	    --tls-privkey=foo/tls-privkey.pem
	server_stop server
}

# publish NAME SERVICE: somebody on this host has a service of this name.
publish() {
	need avahi-publish
	on "$1" avahi-publish -s "$2" _mandos._tcp 1 >"$1.publish" 2>&1 &
	wait_for $((10 * slower)) grep -q "^Established.*$2" "$1.publish"
}

case_of collision__another_host 'a host nearby has a service of that name'
collision__another_host_body() {
	hosts
	listener use-ipv4=no
	publish client Mandos
	bus server
	avahi server use-ipv4=no
	announces
	wait_for $((20 * slower)) established 1
	said 1 '<6>mandos-busd: Zeroconf service name collision\.$'
	said 1 "<6>mandos-busd: Changing Zeroconf service name to $(
	    )'Mandos #2' \.\.\.\$"
	wait_for $((20 * slower)) both
	# Avahi comes back, and nobody has to be asked again.
	dies server avahi
	avahi server use-ipv4=no
	announced 2
	said 1 'name collision'
	same
	gets good good
	server_stop server
}

# both: are they found?
both() {
	browse && grep -q '^=;cli0;IPv6;Mandos;.*;client\.local;.*;1;$' found &&
	    grep -qx -e "$(entry "$second")" found
}

case_of collision__this_host 'this host has services of that name'
collision__this_host_body() {
	hosts
	listener
	bus server
	avahi server use-ipv4=no
	wait_for $((20 * slower)) grep -q 'startup complete' server.avahi.log
	publish server Mandos
	publish server 'Mandos #2'
	announces
	announced 1
	said 2 '<6>mandos-busd: Local Zeroconf service name collision\.$'
	said 1 "to 'Mandos #3' \.\.\.\$"
	same
	server_stop server
}

case_of collision__later 'two that are alike meet when a cable is plugged in'
collision__later_body() {
	hosts
	at server ip link set srv0 down
	listener use-ipv4=no
	publish client Mandos
	bus server
	avahi server use-ipv4=no
	announces
	at server ip link set srv0 up
	wait_for $((30 * slower)) both
	same
	server_stop server
}

case_of collision__always 'no name is left'
collision__always_body() {
	hosts
	bus server
	fake server collision
	announces --debuglevel INFO
	# This takes its time, and nobody waits for it.
	gets good good
	wait_for $((200 * slower)) grep -q 'No suitable' server.log
	said 1 "<3>mandos-busd: No suitable Zeroconf service name found$(
	    ) after 32768 retries\$"
	said 32768 '<6>mandos-busd: Changing Zeroconf service name to '
	same
	gets good good
	# Who comes later is not asked any more.
	dies server avahi
	avahi server use-ipv4=no
	wait_for $((20 * slower)) grep -q 'startup complete' server.avahi.log
	same
	server_stop server
}

case_of avahi__refuses 'avahi-daemon takes no service, then one'
avahi__refuses_body() {
	hosts
	bus server
	fake server error
	announces
	logs '<3>mandos-busd: Avahi Error: '
	# It is tried again, and not said again.
	wait_for $((5 * slower)) tried 4
	said 1 '<3>mandos-busd: '
	gets good good
	dies server avahi
	avahi server use-ipv4=no
	announced 1
	same
	server_stop server
}

# tried COUNT: so often?
tried() {
	[ "$(grep -c 'busd: Adding Zeroconf service' server.log)" -ge "$1" ]
}

case_of avahi__group_fails 'what was announced fails afterwards'
avahi__group_fails_body() {
	hosts
	bus server
	fake server failure 3
	announces
	announced 1
	said 4 '<7>mandos-busd: Adding Zeroconf service'
	said 1 '<3>mandos-busd: Avahi: Error in group state changed '
	said 1 '<3>mandos-busd: '
	# On any interface, by IPv6, without flags, domain, host and texts.
	line="-1 1 0 'Mandos' _mandos._tcp '' '' $port 0\n"
	atf_check -s exit:0 -o inline:"$line$line$line$line" -e empty \
	    cat server.fake
	same
	server_stop server
}

case_of avahi__states 'avahi-daemon has troubles of its own'
avahi__states_body() {
	hosts
	bus server
	fake server states
	announces
	announced 2
	for what in invalid 'name collision' failure; do
		logs "<3>mandos-busd: Zeroconf server $what\$"
	done
	same
	server_stop server
}

case_of avahi__late 'neither a bus nor avahi-daemon is there at first'
avahi__late_body() {
	hosts
	announces --no-dbus
	logs '<3>mandos-busd: Zeroconf: no system bus'
	# However long that takes, it is tried again soon.
	end=$(($(date +%s) + 10))
	while [ "$(date +%s)" -lt $end ]; do
		gets good good
	done
	bus server
	logs '<7>mandos-busd: Avahi server state change: 101$'
	gets good good
	avahi server use-ipv4=no
	announced 1
	# Each has been said once, and that it is over.
	said 2 '<3>mandos-busd: '
	said 1 "<4>mandos-busd: Zeroconf: announced as 'Mandos'\$"
	same
	server_stop server
}

case_of avahi__killed 'avahi-daemon dies twenty times'
avahi__killed_body() {
	hosts
	listener
	bus server
	avahi server use-ipv4=no
	announces
	announced 1
	for time in 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21; do
		dies server avahi
		gets good good
		avahi server use-ipv4=no
		announced $time
		same
	done
	said 20 '<3>mandos-busd: Zeroconf server failure: '
	finds "$(entry Mandos)"
	server_stop server
}

case_of avahi__ends 'avahi-daemon ends and begins as an administrator wants'
avahi__ends_body() {
	hosts
	bus server
	avahi server use-ipv4=no
	announces
	for time in 1 2 3; do
		announced $time
		kill -TERM "$(cat server.avahi.pid)"
		wait "$(cat server.avahi.pid)" || :
		avahi server use-ipv4=no
	done
	announced 4
	same
	server_stop server
}

case_of bus__restarted 'the bus goes away and comes back twenty times'
bus__restarted_body() {
	hosts
	listener
	bus server
	avahi server use-ipv4=no
	announces
	announced 1
	for time in 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21; do
		# An avahi-daemon without its bus ends.
		dies server bus
		wait "$(cat server.avahi.pid)" || :
		gets good good
		bus server
		avahi server use-ipv4=no
		announced $time
		wait_for $((5 * slower)) is_on_bus
		same
	done
	finds "$(entry Mandos)"
	server_stop server
}

case_of avahi__hangs 'avahi-daemon takes calls and answers none'
avahi__hangs_body() {
	hosts
	bus server
	avahi server use-ipv4=no
	wait_for $((20 * slower)) grep -q 'startup complete' server.avahi.log
	kill -STOP "$(cat server.avahi.pid)"
	announces
	gets good good
	# Nobody else waits with who waits for Avahi.
	wait_for $((5 * slower)) is_on_bus
	kill -CONT "$(cat server.avahi.pid)"
	announced 1
	server_stop server
	# If he still waits when the server is killed, he does not stay.
	kill -STOP "$(cat server.avahi.pid)"
	announces
	kill -KILL "$(cat server.pid)"
	wait "$(cat server.pid)" || :
	wait_for 5 test ! -e "/proc/$announcer"
	kill -CONT "$(cat server.avahi.pid)"
}

case_of announcer__killed 'who speaks to Avahi lives and dies with busd'
announcer__killed_body() {
	hosts
	bus server
	avahi server use-ipv4=no
	announces
	announced 1
	kill -KILL "$announcer"
	wait_for $((20 * slower)) established 2
	said 1 '<2>mandos-busd: the process for Zeroconf has ended$'
	[ "$(server_part server busd)" != "$busd" ] ||
	    atf_fail 'busd is the same'
	gets good good
	# Nor does it outlive busd, or there would be a second one.
	busd=$(server_part server busd)
	announcer=$(pgrep -P "$busd")
	kill -KILL "$busd"
	wait_for $((20 * slower)) established 3
	[ ! -e "/proc/$announcer" ] || atf_fail 'it goes on without busd'
	said 0 'name collision'
	server_stop server
}

case_of interface__only 'it is announced on one interface alone'
interface__only_body() {
	hosts
	host_join server srv1 client cli1
	listener
	bus server
	avahi server use-ipv4=no
	announces --interface srv1
	finds "$(entry Mandos cli1)"
	server_stop server
	announces
	wait_for $((20 * slower)) on_both
	server_stop server
}

# on_both: is it found by either cable?
on_both() {
	browse && grep -qx -e "$(entry Mandos cli0)" found &&
	    grep -qx -e "$(entry Mandos cli1)" found
}

case_of interface__absent 'an interface that is not there yet'
interface__absent_body() {
	hosts
	listener
	bus server
	avahi server use-ipv4=no
	wait_for $((20 * slower)) grep -q 'startup complete' server.avahi.log
	announces --interface srv1
	logs '<3>mandos-busd: Zeroconf: Interface srv1 does not exist'
	gets good good
	wait_for $((20 * slower)) none
	host_join server srv1 client cli1
	announced 1
	finds "$(entry Mandos cli1)"
	said 1 '<3>mandos-busd: Zeroconf'
	server_stop server
}

case_of ipv4__only 'without IPv6 it is announced by IPv4'
ipv4__only_body() {
	hosts
	at server ip address add 192.0.2.1/24 dev srv0
	at client ip address add 192.0.2.2/24 dev cli0
	listener
	bus server
	avahi server
	announces --no-ipv6
	finds "$(entry Mandos cli0 IPv4)"
	server_stop server
	announces
	finds "$(entry Mandos cli0 IPv6)"
	server_stop server
}

case_of name__unusable 'a name that no service can have'
name__unusable_body() {
	hosts
	listener
	bus server
	avahi server use-ipv4=no
	for name in '' "$(printf %064d 0)"; do
		announces --servicename "$name"
		logs "<3>mandos-busd: Zeroconf: '$name' is no name for"
		gets good good
		same
		server_stop server
	done
	none || fail_with found 'it is announced'
}

case_of address__unusable 'a bus to be reached by other ways'
address__unusable_body() {
	hosts
	mkdir -m 700 server.state
	server_run server env \
	    DBUS_SYSTEM_BUS_ADDRESS='unix:path=/nowhere;tcp:host=::1,port=9' \
	    "$bin/mandos" --foreground --no-dbus --statedir server.state \
	    --configdir "$PWD/etc" --port "$port"
	logs '<3>mandos-busd: Zeroconf: the bus is not one that could be used'
	gets good good
	server_stop server
}

case_of zeroconf__off 'it is not announced if it is not to be'
zeroconf__off_body() {
	hosts
	listener
	bus server
	avahi server use-ipv4=no
	wait_for $((20 * slower)) grep -q 'startup complete' server.avahi.log
	server_start server "$PWD/etc" --debuglevel DEBUG
	gets good good
	none || fail_with found 'it is announced'
	if server_part server busd; then
		atf_fail 'there is a busd'
	fi
	server_stop server
}

case_of syslog__name 'after a change of name, log lines have it'
syslog__name_body() {
	daemon_host
	chmod 755 .
	host_new client
	host_join server srv0 client cli0
	bus server
	avahi server use-ipv4=no
	wait_for $((20 * slower)) grep -q 'startup complete' server.avahi.log
	publish server Mandos
	syslogd
	atf_check -s exit:0 -o empty -e empty env \
	    DBUS_SYSTEM_BUS_ADDRESS="unix:path=$PWD/server.bus" \
	    ./boxed "$bin/mandos" --no-dbus --port "$port" \
	    --debuglevel DEBUG --statedir "$PWD/server.state" \
	    --configdir "$PWD/etc"
	wait_for $((10 * slower)) grep -qa "^<31>Mandos (Mandos #2) $(
	    )\[[0-9]*\]: DEBUG: Zeroconf service established\." syslog
	atf_check -s exit:0 -o ignore -e empty grep -a "^<30>Mandos $(
	    )\[[0-9]*\]: INFO: Local Zeroconf service name" syslog
	pid=$(cat run/mandos.pid)
	kill -TERM "$pid"
	wait_for $((5 * slower)) test ! -e "/proc/$pid"
}
syslog__name_cleanup() {
	daemon_cleanup
}

atf_init_test_cases() {
	atf_add_test_case announced__name_port_and_text
	atf_add_test_case announced__another_name
	atf_add_test_case announced__any_port
	atf_add_test_case announced__debian_client
	atf_add_test_case collision__another_host
	atf_add_test_case collision__this_host
	atf_add_test_case collision__later
	atf_add_test_case collision__always
	atf_add_test_case avahi__refuses
	atf_add_test_case avahi__group_fails
	atf_add_test_case avahi__states
	atf_add_test_case avahi__late
	atf_add_test_case avahi__killed
	atf_add_test_case avahi__ends
	atf_add_test_case avahi__hangs
	atf_add_test_case bus__restarted
	atf_add_test_case announcer__killed
	atf_add_test_case interface__only
	atf_add_test_case interface__absent
	atf_add_test_case ipv4__only
	atf_add_test_case name__unusable
	atf_add_test_case address__unusable
	atf_add_test_case zeroconf__off
	atf_add_test_case syslog__name
}
