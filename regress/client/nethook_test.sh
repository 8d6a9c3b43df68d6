# SPDX-License-Identifier: ISC
# The example network hooks, on hosts of their own: what start makes, stop
# takes away.  For what few kernels have built in, regress/boot/run has a
# kernel with modules.

. "$(atf_get_srcdir)/../lib.sh"

examples=$top_srcdir/etc/network-hooks.d

# case_of NAME DESCRIPTION: declare a test case.
case_of() {
	atf_test_case "$1"
	eval "$1_head() {
		atf_set descr \"$2\"
		atf_set require.user root
	}"
}

# prepare NAME LINE...: a host with two interfaces, and this hook with these
# settings.
prepare() {
	need ip unshare nsenter
	name=$1
	shift
	host_new host
	at host ip link add eth0 type veth peer name far0
	at host ip link add eth1 type veth peer name far1
	at host ip link set far0 up
	at host ip link set far1 up
	mkdir hooks run
	cp "$examples/$name" "$examples/functions" hooks/
	printf '%s\n' "$@" >"hooks/$name.conf"
	state >before
}

# state: what there is on the host.
state() {
	# Statistics, and the time a link-local address takes, are not ours.
	at host ip -o link show | sed 's/ qlen.*//; s/<[^>]*\(,UP\).*>/<\1>/;
	    s/<[^>]*[^,U][^>]*>/<>/; s/ state [A-Z]*//; s/ qdisc [a-z]*//'
	at host ip -o address show scope global | sed 's/ *valid_lft.*//'
	at host ip route show
	at host ip -6 route show | grep -v ^fe80 || :
	ls run
}

# hook MODE [VARIABLE=VALUE...]: run it there as mandos-client does, which
# has no terminal and may have another directory.
hook() {
	hook_mode=$1
	shift
	./at_host unshare --mount sh -c '
	mount -t sysfs sysfs /sys && mount --bind run /run &&
	    hooks=$PWD/hooks && cd / && exec "$@"
	' sh env "MANDOSNETHOOKDIR=$PWD/hooks" "MODE=$hook_mode" DELAY=2.5 \
	    VERBOSITY=0 "PATH=$PWD/fake:$PATH" "$@" \
	    "$PWD/hooks/$name" "$hook_mode" </dev/null
}

# same: hold that the host is as it was before.
same() {
	state >after
	atf_check -s exit:0 -o empty -e empty diff -u before after
}

case_of bridge__made 'a bridge of two interfaces'
bridge__made_body() {
	prepare bridge BRIDGE=br0 'PORTS="eth0 eth1"' \
	    'ADDRESSES="192.0.2.2/24 2001:db8::2/64"'
	at host ip link set eth1 up
	state >before
	held 0 '' '' hook start DEVICE=
	atf_check -s exit:0 -o match:'master br0.*forwarding' -e empty \
	    ./at_host bridge link show dev eth0
	atf_check -s exit:0 -o match:'master br0.*forwarding' -e empty \
	    ./at_host bridge link show dev eth1
	atf_check -s exit:0 -o match:192.0.2.2/24 -o match:2001:db8::2/64 \
	    -o not-match:'global.*tentative' -e empty ./at_host ip address show br0
	# A second start is none; a second stop neither.
	state >made
	held 0 '' '' hook start DEVICE=
	state >again
	atf_check -s exit:0 -o empty -e empty diff -u made again
	held 0 '' '' hook stop DEVICE=
	same
	held 0 '' '' hook stop DEVICE=
	same
}

case_of bridge__there_before 'a bridge of somebody else stays'
bridge__there_before_body() {
	prepare bridge BRIDGE=br0 'PORTS="eth0 eth1"'
	at host ip link add br0 type bridge
	state >before
	held 0 '' '' hook start DEVICE=
	same
	held 0 '' '' hook stop DEVICE=
	same
}

case_of device__another 'nothing is done for an interface not wanted'
device__another_body() {
	prepare bridge BRIDGE=br0 'PORTS="eth0 eth1"'
	for device in eth0 eth0,br1 none; do
		held 0 '' '' hook start DEVICE=$device
		same
		held 0 '' '' hook modules DEVICE=$device
	done
	held 0 '' '' hook start DEVICE=eth0,none,br0
	atf_check -s exit:0 -o ignore -e empty ./at_host ip link show br0
	held 0 '' '' hook stop DEVICE=eth0,none,br0
	same
}

case_of settings__none 'a hook without settings is none'
settings__none_body() {
	prepare bridge
	rm hooks/bridge.conf
	for hook in bond bridge vlan wireguard wireless; do
		cp "$examples/$hook" hooks/
		name=$hook
		for mode in start stop files modules; do
			held 0 '' '' hook $mode DEVICE=
		done
	done
	same
}

case_of settings__missing 'a setting that is missing is named'
settings__missing_body() {
	prepare bridge BRIDGE=br0
	held 1 '' 'bridge.conf does not set PORTS\n' hook start DEVICE=
	same
}

case_of start__fails 'after a failure all is reverted'
start__fails_body() {
	prepare bridge BRIDGE=br0 'PORTS="eth0 missing eth1"'
	status=0
	hook start DEVICE= >out 2>err || status=$?
	atf_check -s exit:0 -o inline:'1\n' -e empty echo "$status"
	atf_check -s exit:0 -e empty -o match:\
'^bridge: failed: ip link set dev missing master br0$' cat err
	same
}

case_of image__needs 'what the examples want in an image'
image__needs_body() {
	prepare bridge BRIDGE=br0 'PORTS="eth0 eth1"'
	mkdir fake
	for program in ip wg wpa_supplicant; do
		printf '#!/bin/sh\n' >fake/$program
		chmod 755 fake/$program
	done
	while read -r name programs; do
		cp "$examples/$name" "$examples/$name.conf" hooks/
		hook files DEVICE= >files
		for program in $programs; do
			echo "$PWD/fake/$program /sbin/$program"
		done >expected
		atf_check -s exit:0 -o file:expected -e empty cat files
	done <<-END
		bond ip
		bridge ip
		vlan ip
		wireguard ip wg
		wireless ip wpa_supplicant
	END
	while read -r name modules; do
		held 0 "$(echo "$modules" | tr ' ' '\n')\n" '' \
		    hook modules DEVICE=
	done <<-END
		bond bonding
		bridge bridge
		vlan 8021q
		wireguard wireguard
		wireless arc4 ccm cmac ctr gcm
	END
	name=wireguard
	rm fake/wg
	command -v wg >/dev/null || held 1 "$PWD/fake/ip /sbin/ip\n" \
	    'wireguard: wg is not installed\n' hook files DEVICE=
}

case_of wireless__supplicant 'wpa_supplicant runs from start to stop'
wireless__supplicant_body() {
	prepare wireless INTERFACE=eth0 ADDRESSES=192.0.2.2/24
	mkdir fake
	cat >fake/wpa_supplicant <<-'END'
		#!/bin/sh
		# One that goes to the background, and says how it was called.
		echo "$*" >/run/called
		while getopts Bi:P:c:d option; do
			[ "$option" != P ] || file=$OPTARG
		done
		sleep 600 >/dev/null 2>&1 &
		echo $! >"$file"
	END
	chmod 755 fake/wpa_supplicant
	held 0 '' '' hook start DEVICE= VERBOSITY=1
	atf_check -s exit:0 -e empty -o inline:"-B -i eth0 -P $(
	    )/run/mandos-hook-wireless.pid -c $PWD/hooks/wireless.wpa -d\n" \
	    cat run/called
	atf_check -s exit:0 -o match:192.0.2.2/24 -o match:'<.*UP.*>' -e empty \
	    ./at_host ip address show eth0
	pid=$(cat run/mandos-hook-wireless.pid)
	atf_check -s exit:0 -o empty -e empty kill -0 "$pid"
	held 0 '' '' hook stop DEVICE=
	atf_check -s not-exit:0 -o empty -e ignore \
	    grep -q . "/proc/$pid/cmdline"
	rm -f run/called run/mandos-hook-wireless.pid
	same
}

atf_init_test_cases() {
	atf_add_test_case bridge__made
	atf_add_test_case bridge__there_before
	atf_add_test_case device__another
	atf_add_test_case settings__none
	atf_add_test_case settings__missing
	atf_add_test_case start__fails
	atf_add_test_case image__needs
	atf_add_test_case wireless__supplicant
}
