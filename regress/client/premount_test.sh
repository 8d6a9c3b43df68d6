# SPDX-License-Identifier: ISC
# The scripts of an image of initramfs-tools, with the machine played to them:
# what the kernel command line makes of the settings, and how a password comes
# from plugin-runner to cryptroot-unlock.

. "$(atf_get_srcdir)/../lib.sh"
. "$top_srcdir/regress/boot/image.sh"

scripts=$top_srcdir/etc/initramfs-tools
conf=/conf/conf.d/mandos/plugin-runner.conf

# case_of NAME DESCRIPTION: declare a test case.
case_of() {
	atf_test_case "$1"
	eval "$1_head() {
		atf_set descr \"$2\"
		atf_set require.user root
	}"
}

# script FILE: a shell program there, from standard input.
script() {
	mkdir -p "${1%/*}"
	{
		echo '#!/bin/busybox sh'
		cat
	} >"$1"
	chmod 755 "$1"
}

# prepare: a place that looks like an image at boot.
prepare() {
	need busybox
	world_works
	mkdir -p stage/conf/conf.d/mandos stage/usr/lib/mandos/plugins.d
	printf '# mine\n--debug' >stage$conf
	cp "$scripts/scripts/init-premount/mandos" init-premount
	cp "$scripts/scripts/local-premount/mandos" local-premount
	# A minute is long.
	sed 's/^pause=60$/pause=2/' "$scripts/mandos-to-cryptroot-unlock" \
	    >stage/usr/lib/mandos/mandos-to-cryptroot-unlock
	chmod 755 stage/usr/lib/mandos/mandos-to-cryptroot-unlock
	grep -q '^pause=2$' stage/usr/lib/mandos/mandos-to-cryptroot-unlock ||
	    atf_fail 'no pause'
	script stage/scripts/functions <<-'END'
		configure_networking() {
			echo networking >>/mnt/calls
		}
	END
	: >calls
}

# --- the kernel command line

# premount CMDLINE [VARIABLE=VALUE...]: run init-premount; what it makes of
# the settings is in ./conf then, what it complains about in ./said.
premount() {
	echo "$1" >cmdline
	shift
	script stage/usr/lib/mandos/mandos-to-cryptroot-unlock <<-'END'
		echo unlock >>/mnt/calls
	END
	cat >go <<-END
		mount --bind /mnt/cmdline /proc/cmdline
		export $*
		busybox sh /mnt/init-premount
		status=\$?
		cp $conf /mnt/conf
		stat -c %a /tmp >/mnt/mode
		if [ -e /run/mandos-keep-running ]; then
			until grep -q unlock /mnt/calls; do sleep 0.1; done
			echo flag >>/mnt/calls
		fi
		[ ! -e /conf/conf.d/cryptroot ] ||
		    cp /conf/conf.d/cryptroot* /mnt/
		exit \$status
	END
	: >calls
	atf_check -s exit:0 -o empty -e save:said \
	    "$top_srcdir/regress/boot/world" stage . sh -e /mnt/go
}

# said LINE...: hold that it has complained so, and not otherwise.
said() {
	printf '%s\n' "$@" | sed '/^$/d;s/^/mandos: /' >expected
	atf_check -s exit:0 -o file:expected -e empty cat said
}

# options LINE...: hold that these are the options for mandos-client.
options() {
	printf '%s\n' "$@" |
	    sed '/^$/d;s/^/--options-for=mandos-client:/' >expected
	atf_check -s ignore -o file:expected -e empty \
	    grep -a mandos-client: conf
	# And what was there is there.
	atf_check -s exit:0 -o match:'^# mine$' -o match:'^--debug$' -e empty \
	    cat conf
}

# called WORDS: hold that this happened, in this order.
called() {
	atf_check -s exit:0 -o inline:"$1\n" -e empty \
	    sh -c 'cat calls | xargs echo'
}

case_of cmdline__nothing 'without a word, the client finds its server'
cmdline__nothing_body() {
	prepare
	script stage/usr/bin/cryptroot-unlock </dev/null
	premount 'root=/dev/x quiet notmandos=off mandos.x=off' IP= DEVICE=
	said ''
	options ''
	called 'unlock flag'
	atf_check -s exit:0 -o inline:'1777\n' -e empty cat mode
}

case_of cmdline__off 'off is off'
cmdline__off_body() {
	prepare
	script stage/usr/bin/cryptroot-unlock </dev/null
	for words in mandos=off mandos=connect,off \
	    'mandos=connect:[::1]:1 x mandos=off'; do
		premount "a $words b" IP=::::::eth3 DEVICE=eth1
		called ''
		atf_check -s exit:0 -o file:stage$conf -e empty cat conf
	done
}

case_of cmdline__connect 'servers by address'
cmdline__connect_body() {
	prepare
	script stage/usr/bin/cryptroot-unlock </dev/null
	premount mandos=connect IP= DEVICE=
	options ''
	called 'networking unlock flag'
	premount 'mandos=connect:192.0.2.1:4711' IP= DEVICE=
	options --connect=192.0.2.1:4711
	called 'networking unlock flag'
	premount "mandos=connect:[fe80::1%eth0]:1,connect:2001:db8::2:22$(
	    ) mandos=connect" IP= DEVICE=
	options '--connect=[fe80::1%eth0]:1' --connect=2001:db8::2:22
	called 'networking unlock flag'
	said ''
}

case_of cmdline__nonsense 'what makes no sense is named and left out'
cmdline__nonsense_body() {
	prepare
	script stage/usr/bin/cryptroot-unlock </dev/null
	# In its directory, too, no word is a pattern.
	touch stage/eth4 stage/::1
	premount 'mandos=on,connect:,connect:a#b:1,connect:*,,x=y' IP= DEVICE=
	said "unknown word in the kernel's parameter mandos=: on" \
	    'no address of a server: ' 'no address of a server: a#b:1' \
	    'no address of a server: *' \
	    "unknown word in the kernel's parameter mandos=: " \
	    "unknown word in the kernel's parameter mandos=: x=y"
	options ''
	called 'networking unlock flag'
	premount 'mandos=connect:[:]:1' IP= 'DEVICE="e*4"'
	said 'no name of an interface: e*4'
	options '--connect=[:]:1'
}

case_of cmdline__interface 'the interface is the one of ip=, or else DEVICE'
cmdline__interface_body() {
	prepare
	premount x IP=1:2:3:4:5:eth3:6 DEVICE=eth1
	options --interface=eth3
	# It comes last, and so has the last word.
	atf_check -s exit:0 -o match:interface=eth3 -e empty tail -n 1 conf
	premount x IP=1:2:3:4:5:eth3 DEVICE=
	options --interface=eth3
	for ip in '' dhcp 1:2:3:4:5 1:2:3:4:5::6; do
		premount x IP=$ip DEVICE=eth1
		options --interface=eth1
		atf_check -s exit:0 -o match:interface=eth1 -e empty \
		    head -n 1 conf
	done
	premount x IP= DEVICE=eth1,none,wlan0
	options --interface=eth1 --interface=none --interface=wlan0
	premount x 'IP="1:2:3:4:5:a,b"' 'DEVICE="#x"'
	options ''
	said 'no name of an interface: a,b'
	premount x IP= 'DEVICE="#x"'
	said 'no name of an interface: #x'
	# No cryptsetup that would want a password.
	called ''
}

case_of keyscript__rootdev 'old cryptsetup: the root file system'
keyscript__rootdev_body() {
	prepare
	cat >stage/conf/conf.d/cryptroot <<-'END'
		target=a,source=/dev/a,key=none,rootdev
		target=b,source=/dev/b,key=none,rootdev,keyscript=/x
		target=c,source=/dev/c,key=none
		target=d,source=/dev/d\,e,key=none,rootdev,lvm=a
	END
	premount x IP= DEVICE=
	atf_check -s exit:0 -e empty -o inline:\
'target=a,source=/dev/a,key=none,rootdev,keyscript=/lib/mandos/plugin-runner
target=b,source=/dev/b,key=none,rootdev,keyscript=/x
target=c,source=/dev/c,key=none
target=d,source=/dev/d\\,e,key=none,rootdev,lvm=a,keyscript=/lib/mandos/plugin-runner
' cat cryptroot
	atf_check -s exit:0 -o file:stage/conf/conf.d/cryptroot -e empty \
	    cat cryptroot.mandos-old
}

case_of keyscript__unmarked 'old cryptsetup: nothing says which is root'
keyscript__unmarked_body() {
	prepare
	cat >stage/conf/conf.d/cryptroot <<-'END'
		target=a,source=/dev/a,key=none
		target=b,source=/dev/b,key=none,resumedev
		target=c,source=/dev/c,key=none,keyscript=/x
	END
	premount x IP= DEVICE=
	atf_check -s exit:0 -e empty -o inline:\
'target=a,source=/dev/a,key=none,keyscript=/lib/mandos/plugin-runner
target=b,source=/dev/b,key=none,resumedev
target=c,source=/dev/c,key=none,keyscript=/x
' cat cryptroot
}

# --- the password

# runner: plugin-runner is played from standard input.
runner() {
	script stage/usr/lib/mandos/plugin-runner
}

# unlocker LOCKED PASSWORD: cryptroot-unlock with so many devices that have
# this password; it notes each try.
unlocker() {
	echo "$1" >locked
	script stage/usr/bin/cryptroot-unlock <<-END
		echo try >>/mnt/calls
		locked=\$(cat /mnt/locked)
		[ "\$locked" -gt 0 ] || exit 0
		[ ! -e /mnt/early ] || exit 1
		echo 'Please unlock disk x'
		[ "\$(cat)" = '$2' ] || exit 1
		echo \$((locked - 1)) >/mnt/locked
	END
}

# unlock [COMMAND]: run what brings the password, with this beside it, and
# then hold that nothing is left of it.
unlock() {
	script ./beside <<-END
		${1:-:}
	END
	cat >go <<-'END'
		cd /mnt
		: >/run/mandos-keep-running
		/lib/mandos/mandos-to-cryptroot-unlock </dev/null &
		echo $! >/mnt/pid
		/mnt/beside
		wait $!
		echo "ended with $?" >>/mnt/calls
		find /run /lib/mandos/plugins.d -mindepth 1 \
		    ! -path '*/mandos-keep-running' >/mnt/left
		# A zombie here has its parent in the image: init.
		ps -e -o args | grep '[m]andos-to-\|plugin-runne[r]' |
		    grep -v defunct >>/mnt/left || :
		cp /conf/conf.d/mandos/plugin-runner.conf /mnt/conf
	END
	: >calls
	atf_check -s exit:0 -o empty -e save:said \
	    "$top_srcdir/regress/boot/world" stage . sh -e /mnt/go
	atf_check -s exit:0 -o empty -e empty cat left
}

case_of unlock__accepted 'the password is handed over, byte by byte'
unlock__accepted_body() {
	prepare
	runner <<-'END'
		echo run >>/mnt/calls
		ls -l /lib/mandos/plugins.d/dummy | cut -c 1-10 >/mnt/dummy
		ls -ld /run/mandos-password | cut -c 1-10 >>/mnt/dummy
		ls -l /run/mandos-password/password | cut -c 1-10 >>/mnt/dummy
		kill -0 "$(cat /run/mandos-plugin-runner.pid)" &&
		    kill -0 "$(cat /run/mandos-to-cryptroot-unlock.pid)" &&
		    echo pids >>/mnt/dummy
		printf 'a b\\\001c'
	END
	unlocker 1 "$(printf 'a b\\\001c')"
	unlock
	called 'run try try ended with 0'
	said ''
	atf_check -s exit:0 -o inline:'-rwxr-xr-x
drwx------
-rw-------
pids\n' -e empty cat dummy
	{
		printf '# mine\n--debug\n'
		printf -- '--disable=%s\n' askpass-fifo password-prompt plymouth
	} >expected
	atf_check -s exit:0 -o file:expected -e empty cat conf
}

case_of unlock__not_yet 'cryptsetup may not have asked yet'
unlock__not_yet_body() {
	prepare
	runner <<-'END'
		echo run >>/mnt/calls
		printf good
	END
	unlocker 1 good
	touch early
	unlock 'until [ "$(grep -c try /mnt/calls)" = 2 ]; do sleep 0.1; done
	    rm /mnt/early'
	called 'run try try try try ended with 0'
}

case_of unlock__several 'several devices have the same password'
unlock__several_body() {
	prepare
	runner <<-'END'
		echo run >>/mnt/calls
		printf good
	END
	unlocker 3 good
	unlock
	called 'run try try try try ended with 0'
}

case_of unlock__wrong 'a wrong password is tried once, and a new one soon'
unlock__wrong_body() {
	prepare
	runner <<-'END'
		echo run >>/mnt/calls
		if [ "$(grep -c run /mnt/calls)" -lt 3 ]; then
			printf wrong
		else
			printf good
		fi
	END
	unlocker 1 good
	unlock
	called 'run try run run try try ended with 0'
	said 'the password from the server is wrong'
}

case_of unlock__typed 'whoever types the password ends it all'
unlock__typed_body() {
	prepare
	# As plugin-runner does, it ends with the dummy.
	runner <<-'END'
		echo run >>/mnt/calls
		/lib/mandos/plugins.d/dummy
		echo dummy >>/mnt/calls
	END
	unlocker 1 good
	unlock 'until grep -q run calls; do sleep 0.1; done
	    busybox sh /mnt/local-premount
	    [ ! -e /run/mandos-keep-running ] && echo premount >>/mnt/calls'
	called 'run dummy premount ended with 0'
	said ''
}

case_of unlock__typed_meanwhile 'even while a password is handed over'
unlock__typed_meanwhile_body() {
	prepare
	runner <<-'END'
		printf good
	END
	script stage/usr/bin/cryptroot-unlock <<-'END'
		echo try >>/mnt/calls
		exec sleep 600
	END
	unlock 'until grep -q try calls; do sleep 0.1; done
	    busybox sh /mnt/local-premount'
	called 'try ended with 0'
	said ''
}

case_of unlock__nothing 'plugin-runner may fail, or bring nothing'
unlock__nothing_body() {
	prepare
	unlocker 1 good
	for status in 0 78; do
		echo "exit $status" | runner
		unlock
		called 'ended with 0'
		said "plugin-runner brought no password, and ended with $status"
	done
}

case_of premount__hangs 'who does not end is ended'
premount__hangs_head() {
	atf_set descr 'who does not end is ended'
	atf_set require.user root
	atf_set timeout 60
}
premount__hangs_body() {
	prepare
	runner <<-'END'
		trap 'echo term >>/mnt/calls' TERM
		echo run >>/mnt/calls
		while :; do sleep 1; done
	END
	# Twenty seconds are shorter if they are not waited for.
	sed -i 's/^	sleep 1$/	sleep 0.1/' local-premount
	unlocker 1 good
	script ./beside2 <<-'END'
		until grep -q run /mnt/calls; do sleep 0.1; done
		busybox sh /mnt/local-premount
		echo premount >>/mnt/calls
	END
	cat >go <<-'END'
		cd /mnt
		: >/run/mandos-keep-running
		/lib/mandos/mandos-to-cryptroot-unlock </dev/null &
		/mnt/beside2
		find /run -mindepth 1 >/mnt/left
		# A zombie here has its parent in the image: init.
		ps -e -o args | grep '[m]andos-to-\|plugin-runne[r]' |
		    grep -v defunct >>/mnt/left || :
	END
	atf_check -s exit:0 -o empty -e match:'does not end, and is killed' \
	    "$top_srcdir/regress/boot/world" stage . sh -e /mnt/go
	called 'run term premount'
	atf_check -s exit:0 -o empty -e empty cat left
}

atf_init_test_cases() {
	atf_add_test_case cmdline__nothing
	atf_add_test_case cmdline__off
	atf_add_test_case cmdline__connect
	atf_add_test_case cmdline__nonsense
	atf_add_test_case cmdline__interface
	atf_add_test_case keyscript__rootdev
	atf_add_test_case keyscript__unmarked
	atf_add_test_case unlock__accepted
	atf_add_test_case unlock__not_yet
	atf_add_test_case unlock__several
	atf_add_test_case unlock__wrong
	atf_add_test_case unlock__typed
	atf_add_test_case unlock__typed_meanwhile
	atf_add_test_case unlock__nothing
	atf_add_test_case premount__hangs
}
