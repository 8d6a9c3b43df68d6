# SPDX-License-Identifier: ISC
# The service as systemd would run it: what systemd itself says of our files,
# and the server with its checkers confined as the unit wants it.  systemd
# need not run: where it does not, tests do with mounts, capabilities and
# system call filters what it does.

. "$(atf_get_srcdir)/../lib.sh"

unit=$top_builddir/etc/mandos.service
confine=$top_builddir/regress/helpers/confine
sshd=/usr/sbin/sshd

# case_of NAME DESCRIPTION [USER]: declare a test case, for that user only.
case_of() {
	atf_test_case "$1"
	eval "$1_head() {
		atf_set descr \"$2\"
		[ -z '${3:-}' ] || atf_set require.user '${3:-}'
	}"
}

# setting KEY: print its values in the unit, in one line.
setting() {
	sed -n "s/^$1=//p" "$unit" | paste -sd' '
}

# local_unit: the unit here, with a program that is there.
local_unit() {
	sed "s|^ExecStart=[^ ]*|ExecStart=$bin/mandos|" "$unit" \
	    >mandos.service
}

case_of verify__silent 'systemd-analyze verify has nothing to say'
verify__silent_body() {
	need systemd-analyze
	local_unit
	# It ends with 0 even if it knows a setting not at all.
	atf_check -s exit:0 -o empty -e empty \
	    systemd-analyze verify --man=no ./mandos.service
	echo 'NoSuchSetting=yes' | sed '/^NoNew/r /dev/stdin' mandos.service \
	    >bad.service
	atf_check -s exit:0 -o empty -e match:NoSuchSetting \
	    systemd-analyze verify --man=no ./bad.service
}

case_of verify__program 'the unit starts the program that is installed'
verify__program_body() {
	# shellcheck disable=SC2016	# systemd's variable
	atf_check -s exit:0 -e empty -o match:' --foreground \$DAEMON_ARGS$' \
	    grep '^ExecStart=/.*/mandos ' "$unit"
	atf_check -s exit:1 -o empty -e empty \
	    grep -E '@[A-Za-z_]+@' "$unit" "$top_builddir/etc/mandos.sysusers"
}

case_of security__exposure 'the exposure is 3.0 at most'
security__exposure_body() {
	need systemd-analyze
	local_unit
	atf_check -s exit:0 -o match:'Overall exposure level' -e empty \
	    systemd-analyze security --offline=true --threshold=30 \
	    --no-pager ./mandos.service
	# The threshold is one: half of the lines are not enough.
	sed '/^Protect/d;/^System/d;/^Restrict/d' mandos.service \
	    >weak.service
	atf_check -s not-exit:0 -o match:'Overall exposure level' -e empty \
	    systemd-analyze security --offline=true --threshold=30 \
	    --no-pager ./weak.service
}

case_of accounts__accepted 'users and the state directory are made'
accounts__accepted_body() {
	need systemd-sysusers systemd-tmpfiles
	mkdir -p root/etc root/var/lib
	atf_check -s exit:0 -o ignore -e ignore systemd-sysusers \
	    --root="$PWD/root" "$top_builddir/etc/mandos.sysusers"
	for user in "$checker_user" "$netd_user"; do
		atf_check -s exit:0 -e empty \
		    -o match:"^$user:.*:/nonexistent:.*/nologin\$" \
		    grep "^$user:" root/etc/passwd
	done
	[ "$(id -u)" -eq 0 ] || return 0
	atf_check -s exit:0 -o empty -e empty systemd-tmpfiles \
	    --root="$PWD/root" --create "$top_srcdir/etc/mandos.tmpfiles"
	atf_check -s exit:0 -o inline:'root root 700 directory\n' -e empty \
	    stat -c '%U %G %a %F' root/var/lib/mandos
}

case_of install__in_place 'an installation has the files where systemd looks'
install__in_place_body() {
	if grep -qx 'systemdsystemunitdir = no' "$top_builddir/Makefile"; then
		atf_skip 'configured to install nothing for systemd'
	fi
	atf_check -s exit:0 -o ignore -e ignore \
	    make -C "$top_builddir" install-data DESTDIR="$PWD/dest"
	for file in systemd/system/mandos.service:etc/mandos.service \
	    sysusers.d/mandos.conf:etc/mandos.sysusers \
	    sysusers.d/mandos-client.conf:etc/sysusers.d/mandos-client.conf \
	    tmpfiles.d/mandos.conf:etc/mandos.tmpfiles; do
		from=$top_builddir/${file#*:}
		[ -e "$from" ] || from=$top_srcdir/${file#*:}
		atf_check -s exit:0 -o not-empty -e empty \
		    find dest -path "*/${file%:*}" -exec cmp {} "$from" \; \
		    -print
	done
}

# permitted_calls: print the system calls that the unit permits.
permitted_calls() {
	systemd-analyze syscall-filter --no-pager |
	    sed 's/ *#.*//' |
	    awk -v wanted="$(setting SystemCallFilter)" '
		/^@/ { set = $1; next }
		NF { sets[set] = sets[set] " " $1 }
		function expand(names,	i, n, name) {
			n = split(names, name, " ")
			for (i = 1; i <= n; i++)
				if (name[i] ~ /^@/)
					expand(sets[name[i]])
				else
					print name[i]
		}
		END { expand(wanted " @default") }'
}

# permitted_families: print the address families it permits, as numbers.
permitted_families() {
	setting RestrictAddressFamilies | tr ' ' '\n' |
	    sed -e s/AF_UNIX/1/ -e s/AF_INET6/10/ -e s/AF_INET/2/ \
		-e s/AF_NETLINK/16/ -e s/AF_PACKET/17/ | paste -sd,
}

# has KEY VALUE: hold that the unit says so, for as_unit does it.
has() {
	[ "$(setting "$1")" = "$2" ] || atf_fail "the unit lacks $1=$2"
}

# as_unit_new: make the program as_unit, which runs a command as the unit
# says.  This directory and the build stay where they are, the first one
# writable in state/ only.
as_unit_new() {
	need setpriv unshare mount systemd-analyze
	for yes in LockPersonality MemoryDenyWriteExecute NoNewPrivileges \
	    PrivateDevices PrivateTmp ProtectHome ProtectKernelTunables \
	    RestrictNamespaces RestrictRealtime RestrictSUIDSGID; do
		has "$yes" yes
	done
	has ProcSubset pid
	has ProtectProc invisible
	has ProtectSystem strict
	mkdir -p state
	permitted_calls >calls
	families=$(permitted_families)
	files=$(setting LimitNOFILE)
	caps=$(setting CapabilityBoundingSet | tr 'A-Z ' 'a-z,' |
	    sed 's/cap_/+/g')
	cat >mounts <<-END
		set -e
		here=$PWD
		cd /
		# What is hidden with a directory, to be shown again.
		mount -t tmpfs -o mode=755 stash /mnt
		mkdir /mnt/here /mnt/build
		mount --bind "\$here" /mnt/here
		mount --bind '$top_builddir' /mnt/build
		for dir in /tmp /var/tmp; do
			mount -t tmpfs -o mode=1777 tmp \$dir
		done
		for dir in /home /root; do
			[ ! -d \$dir ] || mount -t tmpfs -o mode=000 home \$dir
		done
		mkdir -p "\$here" '$top_builddir'
		mount --bind /mnt/here "\$here"
		mount --bind /mnt/build '$top_builddir'
		mount --bind "\$here/state" "\$here/state"
		umount /mnt/here /mnt/build
		umount /mnt
		mount -t tmpfs -o mode=755 dev /mnt
		for node in null:3 zero:5 full:7 random:8 urandom:9; do
			mknod -m 666 /mnt/\${node%:*} c 1 \${node#*:}
		done
		mknod -m 666 /mnt/tty c 5 0
		mkdir -m 1777 /mnt/shm
		mkdir /mnt/pts
		ln -s /proc/self/fd /mnt/fd
		mount --move /mnt /dev
		mount -t proc -o nosuid,nodev,noexec,hidepid=invisible,subset=pid \
		    proc /proc
		# As /proc/mounts is, a blank in a path is not a blank there.
		cut -d' ' -f2 /proc/self/mounts | sort -u |
		    grep -vxe /tmp -e /var/tmp -e "\$here/state" \
		    -e '/proc.*' -e '/dev.*' |
		    while read -r dir; do
			[ ! -e "\$dir" ] || mount -o remount,bind,ro "\$dir"
		done
		cd /
	END
	cat >as_unit <<-END
		#! /bin/sh
		exec unshare --mount --propagation private sh -c '
			. "\$0"
			ulimit -c 0
			ulimit -S -n ${files%:*}
			umask 077
			exec setpriv --no-new-privs --inh-caps=-all \
			    --bounding-set=-all,$caps \
			    $confine "\$@"' $PWD/mounts $PWD/calls $families "\$@"
	END
	chmod +x as_unit
}

case_of confinement__real 'tests are confined as the unit wants it' root
confinement__real_body() {
	as_unit_new
	touch here
	# What each line tries is refused, and works when nothing confines it.
	while read -r try; do
		atf_check -s exit:0 -o empty -e empty sh -c "$try"
		atf_check -s not-exit:0 -o empty -e ignore \
		    ./as_unit sh -c "cd '$PWD' && $try"
	done <<-END
		touch here
		test -d /proc/1 -a -r /proc/cpuinfo
		unshare --mount true
		chmod u+s here
		chown 1 here
		python3 -c 'import socket as s; s.socket(s.AF_PACKET, s.SOCK_RAW)'
	END
	atf_check -s exit:0 -o empty -e empty \
	    ./as_unit sh -c "touch /tmp/mine '$PWD/state/mine' && : >/dev/null"
	atf_check -s exit:1 -o empty -e empty test -e /tmp/mine
	atf_check -s exit:0 -o inline:'1\n' -e empty \
	    ./as_unit sed -n 's/^NoNewPrivs:.//p' /proc/self/status
}

# scanned_host: an SSH server on the server's host, at port 7422.
scanned_host() {
	ssh-keygen -q -t ed25519 -N '' -f hostkey
	cat >sshd_config <<-END
		Port 7422
		ListenAddress ::1
		HostKey $PWD/hostkey
		PidFile $PWD/sshd.pid
		UsePAM no
		AuthorizedKeysFile none
	END
	# shellcheck disable=SC2016	# the inner shell's variables
	at server unshare --mount sh -c 'mount -t tmpfs -o mode=755 run /run
		mkdir /run/sshd
		exec "$0" -D -e -f "$1"' "$sshd" "$PWD/sshd_config" 2>sshd.log &
	wait_for 10 test -s sshd.pid
}

case_of checkers__work 'fping, ssh-keyscan and a shell under the unit' root
checkers__work_body() {
	need fping ssh-keyscan ssh-keygen
	[ -x "$sshd" ] || atf_skip "$sshd is not installed"
	as_unit_new
	port=471	# for root alone
	house
	scanned_host
	for name in pinged silent scanned changed; do
		key "$name"
	done
	often='interval = PT1S'
	seen=$(sed 's/ [^ ]*$//' hostkey.pub)
	scan="ssh-keyscan -t ed25519 -p 7422 %%(host)s 2>/dev/null"
	section pinged "$often"
	section silent "$often" 'checker = fping -q -r 0 -t 200 -- ::2'
	section scanned "$often" \
	    "checker = $scan | grep -qF '$seen'"
	section changed "$often" \
	    "checker = $scan | grep -qF 'ssh-ed25519 AAAA'\''x'"
	server_under=$PWD/as_unit opens --statedir "$PWD/state"
	logs 'Checker for pinged succeeded'
	logs 'Checker for silent failed'
	logs 'Checker for scanned succeeded'
	logs 'Checker for changed failed'
	gets scanned scanned
	server_stop server
}

# heard LINE: hold that the main process tells the manager so, and soon.
heard() {
	wait_for 10 grep -qE "^$(cat server.pid) $1" heard
}

case_of manager__informed 'the manager hears what the unit promises' root
manager__informed_body() {
	need python3
	has Type notify
	has NotifyAccess main
	[ "$(setting WatchdogSec)" -gt 0 ] || atf_fail 'no WatchdogSec='
	as_unit_new
	house
	python3 "$top_srcdir/regress/integ/manager.py" state/manager >heard &
	wait_for 10 test -S state/manager
	NOTIFY_SOCKET=$PWD/state/manager WATCHDOG_USEC=500000 \
	    server_under=$PWD/as_unit opens --statedir "$PWD/state"
	heard 'READY=1 STATUS=Serving 1 client$'
	heard 'WATCHDOG=1$'
	key new
	section new
	kill -HUP "$(cat server.pid)"
	heard 'RELOADING=1 MONOTONIC_USEC=[0-9]+ STATUS='
	heard 'READY=1 STATUS=Serving 2 clients$'
	gets new new
	echo 'no key' >>etc/clients.conf
	kill -HUP "$(cat server.pid)"
	heard 'READY=1 STATUS=Serving 2 clients; the configuration was not'
	gets new new
	server_stop server
	heard 'STOPPING=1 STATUS='
	# Nobody but the main process is to be believed, or speaks.
	atf_check -s exit:1 -o empty -e empty \
	    grep -v "^$(cat server.pid) " heard
}

atf_init_test_cases() {
	atf_add_test_case verify__silent
	atf_add_test_case verify__program
	atf_add_test_case security__exposure
	atf_add_test_case accounts__accepted
	atf_add_test_case install__in_place
	atf_add_test_case confinement__real
	atf_add_test_case checkers__work
	atf_add_test_case manager__informed
}
