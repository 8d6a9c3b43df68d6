# SPDX-License-Identifier: ISC
# mandos-client finds servers by Zeroconf, without a daemon on its own host.

. "$(atf_get_srcdir)/../lib.sh"
. "$top_srcdir/regress/client/client.sh"
. "$top_srcdir/regress/integ/debian.sh"

# hosts: a server's host with a bus and an avahi-daemon, and a client's with
# cli0, which is down.
hosts() {
	need avahi-daemon avahi-publish dbus-daemon unshare
	served 'checker = :' 'timeout = PT1H'
	host_new machine
	ip link add srv0 netns "$(cat server.host)" type veth \
	    peer name cli0 netns "$(cat machine.host)"
	host_up server srv0
	# Tests of what happens at the second attempt wait for no address.
	at machine sh -c 'echo 0 >/proc/sys/net/ipv6/conf/cli0/accept_dad'
	bus
	cat >avahi.conf <<-END
		[server]
		host-name=server
		allow-interfaces=srv0
		ratelimit-burst=1000
		[wide-area]
		enable-wide-area=no
		[publish]
		publish-hinfo=no
		publish-workstation=no
	END
	nsenter --target "$(cat server.host)" --net unshare --mount sh -c '
	mount -t tmpfs -o mode=755 tmpfs /run && mkdir /run/avahi-daemon &&
	    exec avahi-daemon --file="$1" --no-drop-root --no-chroot \
	    --no-proc-title --no-rlimits
	' sh "$PWD/avahi.conf" >avahi.log 2>&1 &
	wait_for 20 grep -q 'startup complete' avahi.log
}

# announce NAME PORT [OPTION...]: a service of our kind; its pid is in
# NAME.announced.
announce() {
	announce_name=$1
	announce_port=$2
	shift 2
	nsenter --target "$(cat server.host)" --net avahi-publish -s "$@" \
	    "$announce_name" _mandos._tcp "$announce_port" \
	    >"$announce_name.publish" 2>&1 &
	echo $! >"$announce_name.announced"
	wait_for 20 grep -q Established "$announce_name.publish"
}

link_is_down() {
	at machine ip -o link show dev cli0 | grep -qv '[<,]UP[,>]'
}

case_of zeroconf__ours 'our server, announced by itself'
zeroconf__ours_body() {
	hosts
	mkdir -m 700 server.state
	server_run server "$bin/mandos" --foreground --port "$port" \
	    --statedir "$PWD/server.state" --configdir "$PWD/etc" \
	    --interface srv0 --debuglevel DEBUG
	fetches 'pass word %' machine client
	link_is_down || atf_fail 'the interface was not taken down'
	fetches 'pass word %' machine client --interface=cli0
	link_is_down || atf_fail 'the interface was not taken down'
	# The interface is up, and nobody touches it.
	at machine ip link set cli0 up
	fetches 'pass word %' machine client --interface=none
	! link_is_down || atf_fail 'the interface was taken down'
	server_stop server
}

case_of zeroconf__debian 'Debian'\''s server'
zeroconf__debian_body() {
	hosts
	./at_server /usr/sbin/mandos --foreground --port "$debian_port" \
	    --configdir "$PWD/etc" --statedir "$PWD/debian.state" \
	    >debian.log 2>&1 &
	echo $! >debian.pid
	wait_for 30 debian_listens
	fetches 'pass word %' machine client --retry=2
	link_is_down || atf_fail 'the interface was not taken down'
	kill -TERM "$(cat debian.pid)"
	debian_ends
}

case_of zeroconf__one_silent 'a silent server delays no other'
zeroconf__one_silent_body() {
	hosts
	secret_for client 'pass word' >secret
	fake silent 5001 silent secret
	announce silent 5001
	ours_starts both machine client --debug
	wait_for 20 grep -q accepted silent.log
	fake good 5002 good secret
	announce good 5002
	ours_ends both 0 'pass word'
	leaves_nothing
	# One that was never announced is tried as well.
	kill "$(cat good.announced)"
	fetches 'pass word' machine client \
	    --server="[$(host_linklocal_of srv0)%cli0]:5002"
	fetches 'pass word' machine client -i cli0 \
	    --server="$(host_linklocal_of srv0):5002"
}

# Its interface has no carrier now, and perhaps no address.
host_linklocal_of() {
	at server ip -6 addr add fe80::5/64 dev "$1" nodad 2>/dev/null || :
	echo fe80::5
}

case_of zeroconf__moves 'a server that goes and comes somewhere else'
zeroconf__moves_body() {
	hosts
	secret_for client 'pass word' >secret
	fake silent 5001 early secret
	announce wanderer 5001
	ours_starts late machine client --debug --retry=0.5
	wait_for 20 accepted_twice
	kill "$(cat wanderer.announced)"
	wait_for 20 grep -q 'announced no more' late.err
	fake good 5002 good secret
	announce wanderer 5002
	ours_ends late 0 'pass word'
	leaves_nothing
}

accepted_twice() {
	[ "$(grep -c accepted silent.log)" -ge 2 ]
}

case_of zeroconf__not_used 'nobody is asked on other interfaces'
zeroconf__not_used_body() {
	hosts
	secret_for client 'pass word' >secret
	fake good 5001 good secret
	announce good 5001
	at machine ip link set cli0 up
	at machine ip link add other0 type veth peer name other1
	at machine ip link add third0 type veth peer name third1
	ours_starts none machine client -i other0,third0 --debug --delay=0
	wait_for 20 grep -q 'Skipping server on non-used interface' none.err
	kill "$(cat none.pid)"
	ours_ends none 143 ''
	leaves_nothing
	atf_check -s exit:1 -o empty -e empty grep accepted good.log
}

case_of zeroconf__foreign_address 'a server whose address is not of our net'
zeroconf__foreign_address_body() {
	hosts
	secret_for client 'pass word' >secret
	fake good 5001 good secret
	at server ip -6 addr add 2001:db8::1/128 dev srv0 nodad
	# The way back.
	at server ip -6 route add 2001:db8:1::/64 dev srv0
	at machine ip -6 addr add 2001:db8:1::7/128 dev cli0 nodad
	./at_server avahi-publish -a -R foreign.local 2001:db8::1 \
	    >foreign.publish 2>&1 &
	wait_for 20 grep -q Established foreign.publish
	announce good 5001 -H foreign.local
	./at_machine timeout 30 ip -6 monitor route >routes 2>&1 &
	fetches 'pass word' machine client --retry=1
	wait_for 5 grep -q '^Deleted 2001:db8::1 dev cli0' routes
}

atf_init_test_cases() {
	atf_add_test_case zeroconf__ours
	atf_add_test_case zeroconf__debian
	atf_add_test_case zeroconf__one_silent
	atf_add_test_case zeroconf__moves
	atf_add_test_case zeroconf__not_used
	atf_add_test_case zeroconf__foreign_address
}
