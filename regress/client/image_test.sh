# SPDX-License-Identifier: ISC
# Images by initramfs-tools and by dracut: what is in them, whose it is, and who
# can read it.

. "$(atf_get_srcdir)/../lib.sh"
. "$top_srcdir/regress/boot/image.sh"

# case_of NAME DESCRIPTION: declare a test case.
case_of() {
	atf_test_case "$1"
	eval "$1_head() {
		atf_set descr \"$2\"
		atf_set require.user root
	}"
}

# prepare [LINE...]: all that an image is built from; the lines are for
# initramfs.conf.
prepare() {
	need mkinitramfs cpio gzip
	[ -e /usr/share/initramfs-tools/hooks/cryptroot ] ||
	    atf_skip 'cryptsetup-initramfs is not installed'
	world_works
	stage_install
	client_keys keys
	stage_keys keys
	stage_kernel
	stage_initramfs_conf "$@"
	uid=$(id -u _mandos 2>/dev/null || id -u nobody)
	gid=$(id -g _mandos 2>/dev/null || id -g nobody)
}

# build FILE: an image; what mkinitramfs says of mandos is in FILE.said.
build() {
	world mkinitramfs -o "/mnt/$1" "$kernel" >"$1.out" 2>&1 ||
	    fail_with "$1.out" "no image: $1"
	grep mandos "$1.out" >"$1.said" || :
}

# fails MESSAGE: hold that no image can be built, and why.
fails() {
	atf_check -s not-exit:0 -o ignore -e match:"^E: mandos: $1" \
	    "$top_srcdir/regress/boot/world" stage . \
	    mkinitramfs -o /mnt/image "$kernel"
}

# owners: in a list of files, the client's user is user.
owners() {
	sed "s/ $uid:$gid / user:user /"
}

case_of files__golden 'what is added, and with which modes and owners'
files__golden_body() {
	prepare
	mv stage/usr/share/initramfs-tools hooks
	build without
	mv hooks stage/usr/share/initramfs-tools
	build with
	atf_check -s exit:0 -o empty -e empty cat with.said
	atf_check -s exit:0 -o inline:'640 0:0\n' -e empty \
	    stat -c '%a %u:%g' with

	image_unpack without a
	image_unpack with b
	(cd a && find . | LC_ALL=C sort) >a.files
	(cd b && find . | LC_ALL=C sort) >b.files
	# Libraries are those that the machine has, and whether ours are the
	# only scripts of their kind depends on what else it has.
	LC_ALL=C comm -13 a.files b.files |
	    grep -v -e '/lib[^/]*\.so\.[0-9.]*$' \
		-e '^\./scripts/[a-z-]*\(/ORDER\)*$' | while read -r file; do
		(cd b && find "$file" -prune -printf '%M %U:%G %p\n')
	done | owners >added
	sed '/^#/d' "$top_srcdir/regress/client/image.txt" >golden
	atf_check -s exit:0 -o empty -e empty diff -u golden added
}

case_of keys__private 'nobody but the client can read a key'
keys__private_body() {
	prepare
	# As negligent as can be.
	chmod 644 stage/etc/keys/mandos/*
	chmod 755 stage/etc/keys/mandos
	mkdir stage/etc/keys/mandos/old
	cp keys/seckey.txt stage/etc/keys/mandos/old/
	build image
	image_unpack image tree
	atf_check -s exit:0 -o save:private -e empty \
	    grep -rl 'PRIVATE KEY' tree/conf tree/etc tree/scripts tree/run \
	    tree/usr/lib/mandos
	atf_check -s exit:0 -e empty \
	    -o inline:'tree/conf/conf.d/mandos/seckey.txt
tree/conf/conf.d/mandos/tls-privkey.pem\n' sort private
	for name in pubkey.txt seckey.txt tls-pubkey.pem tls-privkey.pem; do
		atf_check -s exit:0 -o inline:"600 $uid:$gid\n" -e empty \
		    stat -c '%a %u:%g' "tree/conf/conf.d/mandos/$name"
		atf_check -s exit:0 -o empty -e empty \
		    cmp "keys/$name" "tree/conf/conf.d/mandos/$name"
	done
}

case_of umask__strict 'a stricter umask stays, and the client can run'
umask__strict_body() {
	prepare UMASK=0077
	need setpriv
	build image
	atf_check -s exit:0 -o inline:'600\n' -e empty stat -c %a image
	image_unpack image tree
	set -- 'gpg --version' 'gpg-agent --version' 'gpgconf --version' \
	    'cat /conf/conf.d/mandos/seckey.txt' \
	    'test -x /lib/mandos/plugins.d/mandos-client'
	# Sanitizers miss /proc there.
	[ "$sanitizers" != no ] ||
	    set -- "$@" '/lib/mandos/plugin-runner --version'
	for command; do
		# shellcheck disable=SC2086	# several words
		atf_check -s exit:0 -o ignore -e empty \
		    chroot "--userspec=$uid:$gid" tree $command
	done
}

case_of umask__any 'the umask is at least 027, in whatever form it is given'
umask__any_body() {
	while read -r before after; do
		atf_check -s exit:0 -o inline:"$after\n" -e empty sh -c "
		    umask 022
		    UMASK=${before#-}
		    . '$top_srcdir/etc/initramfs-tools/conf-hooks.d/zz-mandos'
		    echo \$UMASK"
	done <<-END
		- 0027
		0022 0027
		0 0027
		0037 0037
		0077 0077
		77 0077
		u=rwx,g=rx,o= 0027
		u=rwx,g=,o= 0077
		nonsense 0077
	END
}

# script FILE LINE...: a shell program there.
script() {
	script_file=$1
	shift
	mkdir -p "${script_file%/*}"
	printf '%s\n' '#!/bin/sh' "$@" >"$script_file"
	chmod 755 "$script_file"
}

case_of settings__of_the_administrator 'plugins, helpers and options of the host'
settings__of_the_administrator_body() {
	prepare
	etc=stage/etc/mandos
	for name in mine README.txt .hidden '#old#' 'saved~' a.dpkg-old \
	    a.dpkg-bak a.dpkg-new a.dpkg-divert a.dpkg-dist password-prompt; do
		script "$etc/plugins.d/$name" "echo $name"
	done
	chmod -x "$etc/plugins.d/README.txt"
	script "$etc/plugin-helpers/helper" 'echo helper'
	echo parameters >stage/etc/keys/mandos/dhparams.pem
	printf '# mine\n--debug' >"$etc/plugin-runner.conf"
	build image
	image_unpack image tree
	atf_check -s exit:0 -o empty -e empty cat image.said

	image_list tree/lib/mandos/ | owners >files
	for file in 'plugins\.d/mine' 'plugins\.d/a\.dpkg-dist' \
	    'plugin-helpers/helper' 'plugins\.d/password-prompt'; do
		atf_check -s exit:0 -o ignore -e empty \
		    grep "^-rwxr-xr-x 0:0 $file\$" files
	done
	atf_check -s exit:1 -o empty -e empty grep -e README -e hidden -e old \
	    -e saved -e 'dpkg-[bn]' -e divert files
	atf_check -s exit:0 -o match:'^echo password-prompt$' -e empty \
	    cat tree/lib/mandos/plugins.d/password-prompt
	{
		[ "$uid" = 65534 ] || echo "--userid=$uid"
		[ "$gid" = 65534 ] || echo "--groupid=$gid"
		printf '%s%s\n' --options-for=mandos-client: \
		    --dh-params=/conf/conf.d/mandos/dhparams.pem
		printf '# mine\n--debug'
	} >expected
	atf_check -s exit:0 -o file:expected -e empty \
	    cat tree/conf/conf.d/mandos/plugin-runner.conf
	atf_check -s exit:0 -o inline:'644 0:0\n' -e empty \
	    stat -c '%a %u:%g' tree/conf/conf.d/mandos/plugin-runner.conf
}

case_of hooks__asked 'network hooks say what they need'
hooks__asked_body() {
	prepare DEVICE=eth7
	hooks=stage/etc/mandos/network-hooks.d
	script $hooks/10-hook.sh \
	    'echo "$*|$MODE|$MANDOSNETHOOKDIR|$DEVICE|$VERBOSITY" >>/mnt/asked' \
	    '[ "$1" = files ] || { echo one two; exit; }' \
	    'echo /etc/wanted' 'echo /etc/wanted /etc/elsewhere' \
	    'echo /usr/bin/wanted' 'echo' 'echo /etc/missing' \
	    'echo /usr/bin/wanted /sbin/ip'
	script $hooks/fails 'exit 3'
	script "$hooks/bad name" 'touch /mnt/bad'
	script "$hooks/bad+name" 'touch /mnt/bad'
	echo setting >$hooks/10-hook.conf
	chmod 600 $hooks/10-hook.conf
	echo wanted >stage/etc/wanted
	script stage/usr/bin/wanted :
	# What is asked for of the kernel is seen by its one module.
	mkdir "stage/usr/lib/modules/$kernel/kernel/net"
	build image
	image_unpack image tree
	dir=/etc/mandos/network-hooks.d
	atf_check -s exit:0 -e empty -o inline:"files|files|$dir|eth7|0
modules|modules|$dir|eth7|0\n" cat asked
	atf_check -s exit:0 -o ignore -e empty grep "^W: mandos: network$(
	    ) hook 10-hook\.sh wants /etc/missing, which is not there\$" \
	    image.said
	atf_check -s exit:0 -o match:'hook .*/fails files failed with status 3' \
	    -o match:'hook .*/fails modules failed with status 3' -e empty \
	    cat image.said
	image_list tree/lib/mandos/network-hooks.d >files
	atf_check -s exit:0 -e empty -o inline:'-rw------- 0:0 10-hook.conf
-rwxr-xr-x 0:0 10-hook.sh
-rwxr-xr-x 0:0 fails\n' cat files
	atf_check -s exit:0 -o inline:'wanted\nwanted\n' -e empty \
	    cat tree/etc/wanted tree/etc/elsewhere
	atf_check -s exit:0 -o empty -e empty test -x tree/usr/bin/wanted
	# Not busybox, which knows such a program.
	atf_check -s exit:0 -o empty -e empty \
	    cmp stage/usr/bin/wanted tree/sbin/ip
	atf_check -s exit:0 -o empty -e empty test ! -e bad
}

case_of keys__missing 'no image without keys, and none that says nothing'
keys__missing_body() {
	prepare
	mv stage/etc/keys/mandos k
	fails 'neither /etc/keys/mandos nor /etc/mandos/keys exists'
	# The other place.
	mkdir -p stage/etc/mandos
	mv k stage/etc/mandos/keys
	rm stage/etc/mandos/keys/tls-privkey.pem
	: >stage/etc/mandos/keys/pubkey.txt
	build image
	for name in tls-privkey.pem pubkey.txt; do
		atf_check -s exit:0 -o ignore -e empty grep \
		    "^W: mandos: without /etc/mandos/keys/$name the host" \
		    image.said
	done
	atf_check -s exit:0 -o inline:'2\n' -e empty grep -c '^W' image.said
	rm "stage$client_lib/plugin-runner"
	fails "$client_lib/plugin-runner is not installed"
}

# --- dracut

# dracut_tree MODULE...: in ./tree, an image by dracut with these modules and
# ours.
dracut_tree() {
	need dracut cpio
	world_works
	stage_install
	client_keys keys
	stage_keys keys
	chmod 644 stage/etc/keys/mandos/*
	uid=$(id -u _mandos 2>/dev/null || id -u nobody)
	gid=$(id -g _mandos 2>/dev/null || id -g nobody)
	mkdir -p stage/etc/mandos/network-hooks.d stage/etc/mandos/plugins.d
	script stage/etc/mandos/network-hooks.d/hook \
	    '[ "$1" = files ] || exit 0' 'echo /etc/wanted' 'echo /etc/missing'
	echo wanted >stage/etc/wanted
	echo setting >stage/etc/mandos/network-hooks.d/hook.conf
	echo '--debug' >stage/etc/mandos/plugin-runner.conf
	script stage/etc/mandos/plugins.d/mine 'echo mine'
	script stage/etc/mandos/plugins.d/.not 'echo not'
	world dracut --force --hostonly --no-kernel --no-hostonly-cmdline \
	    --no-early-microcode --no-compress --modules "$* mandos" \
	    --kver 0.0 /mnt/image >image.out 2>&1 ||
	    fail_with image.out 'no image'
	atf_check -s exit:0 -o inline:'600 0:0\n' -e empty \
	    stat -c '%a %u:%g' image
	atf_check -s exit:0 -e empty -o inline:\
'dracut: mandos: no /etc/missing, wanted by hook\n' grep mandos: image.out
	mkdir tree
	atf_check -s exit:0 -o ignore -e ignore \
	    sh -c 'cd tree && cpio --extract --quiet <../image'
}

# dracut_holds FILE: hold that what is ours in the tree is as in this file, and
# that no key is elsewhere.
dracut_holds() {
	image_list tree | owners | grep -e mandos -e '/gpg' \
	    -e ' \(usr/\)*tmp$' -e etc/wanted >files
	sed '/^#/d' "$top_srcdir/regress/client/$1" >golden
	atf_check -s exit:0 -o empty -e empty diff -u golden files
	atf_check -s exit:0 -e empty \
	    -o inline:'tree/etc/mandos/keys/seckey.txt
tree/etc/mandos/keys/tls-privkey.pem\n' sh -c "grep -rl 'PRIVATE KEY' \
	    tree/etc tree/usr/lib/mandos tree/var tree/tmp | sort"
}

case_of dracut__systemd 'dracut with systemd has the agent'
dracut__systemd_body() {
	dracut_tree base dm crypt systemd
	dracut_holds dracut.txt
	atf_check -s exit:0 -e empty \
	    -o inline:"AGENT_IDS=\"--user=$uid --group=$gid\"
CLIENT_FILES=\"\"\n" cat tree/lib/mandos/image.env
}

case_of dracut__plain 'dracut without systemd has plugin-runner'
dracut__plain_body() {
	dracut_tree base dm crypt
	dracut_holds dracut-plain.txt
	{
		echo "--userid=$uid"
		echo "--groupid=$gid"
		for option in pubkey=pubkey.txt seckey=seckey.txt \
		    tls-pubkey=tls-pubkey.pem tls-privkey=tls-privkey.pem; do
			printf -- '--options-for=mandos-client:--%s=%s/%s\n' \
			    "${option%=*}" /etc/mandos/keys "${option#*=}"
		done
		printf -- '--debug\n\n'
	} | grep -v '=65534$' >expected
	atf_check -s exit:0 -o file:expected -e empty \
	    cat tree/etc/mandos/plugin-runner.conf
}

case_of dracut__check 'a general image has no keys unless it is told to'
dracut__check_body() {
	world_works
	stage_install
	cat >check <<-'END'
		require_binaries() {
			command -v "$@" >/dev/null
		}
		hostonly=$1
		. /usr/lib/dracut/modules.d/90mandos/module-setup.sh
		check
	END
	set -- "$top_srcdir/regress/boot/world" stage . bash /mnt/check
	atf_check -s exit:1 -o empty -e empty "$@" yes
	mkdir -p stage/etc/keys/mandos
	atf_check -s exit:0 -o empty -e empty "$@" yes
	atf_check -s exit:255 -o empty -e empty "$@" ''
	rmdir stage/etc/keys/mandos
	mkdir -p stage/etc/mandos/keys
	atf_check -s exit:0 -o empty -e empty "$@" yes
	rm "stage$client_lib/plugins.d/mandos-client"
	atf_check -s exit:1 -o empty -e empty "$@" yes
}

# cmdline LINE...: what the hook makes of these words behind mandos=, each
# line one of them, in ./made; it must leave nothing in dracut's own shell.
cmdline() {
	printf '%s\n' "$@" >words
	cat >go <<-'END'
		getargs() { cat /mnt/words; }
		getarg() { tail -n 1 /mnt/words; }
		getargbool() { [ "$(tail -n 1 /mnt/words)" != 0 ]; }
		warn() { echo "$*" >&2; }
		mkdir -p /lib/mandos
		echo theirs >/lib/dracut-crypt-lib.sh
		printf '# ours\n' >/lib/mandos/ask-for-password.sh
		set >/tmp/before
		. /usr/lib/dracut/modules.d/90mandos/cmdline-mandos.sh
		set >/tmp/after
		diff /tmp/before /tmp/after | grep -v '^[<>] _=' |
		    grep '^[<>]' >&2
		cat /lib/mandos/cmdline.env /etc/mandos/plugin-runner.conf \
		    /lib/dracut-crypt-lib.sh >/mnt/made 2>/dev/null
		:
	END
	mkdir -p stage/etc/mandos
	atf_check -s exit:0 -o empty -e save:said \
	    "$top_srcdir/regress/boot/world" stage . \
	    env "DRACUT_SYSTEMD=$systemd" sh /mnt/go
}

case_of dracut__cmdline 'dracut: what the kernel command line says'
dracut__cmdline_body() {
	world_works
	stage_install
	while read -r systemd words made; do
		# shellcheck disable=SC2046	# several words
		cmdline $(echo "$words" | tr / ' ')
		atf_check -s exit:0 -o empty -e empty cat said
		atf_check -s exit:0 -o inline:"$made\n" -e empty \
		    sh -c 'tr "\n" " " <made | sed "s/ \$//"; echo'
	done <<-END
		1 connect MANDOS_CMDLINE="" theirs
		1 off theirs
		1 0 theirs
		1 connect:a:1 MANDOS_CMDLINE=" --connect=a:1" theirs
		1 connect:a:1,connect:[::1]:2/connect:b:3 MANDOS_CMDLINE=" --connect=a:1 --connect=[::1]:2 --connect=b:3" theirs
	END
	systemd=
	cmdline connect:a:1,connect:b:2
	atf_check -s exit:0 -e empty -o inline:\
'--options-for=mandos-client:--connect=a:1
--options-for=mandos-client:--connect=b:2
theirs
# ours\n' cat made
	cmdline off
	atf_check -s exit:0 -o inline:'theirs\n' -e empty cat made
	cmdline 'connect:a"b:1,what'
	atf_check -s exit:0 -e empty -o inline:\
'mandos: no address of a server: a"b:1
mandos: unknown word in mandos=: what\n' cat said
	atf_check -s exit:0 -o inline:'theirs\n# ours\n' -e empty cat made
}

case_of dracut__units 'systemd understands the units'
dracut__units_body() {
	need systemd-analyze
	world_works
	stage_install
	units=stage/usr/lib/systemd/system
	mkdir -p $units stage/usr/lib/mandos
	cp "$top_srcdir/etc/dracut/90mandos/"*.path \
	    "$top_srcdir/etc/dracut/90mandos/"*.service $units/
	script stage/usr/lib/mandos/password-agent :
	atf_check -s exit:0 -o empty -e empty \
	    "$top_srcdir/regress/boot/world" stage . systemd-analyze verify \
	    --man=no ask-password-mandos.path ask-password-mandos.service
}

# A caller of ask_for_password in dracut's words: the second password is right.
case_of dracut__asks 'dracut without systemd asks with plugin-runner'
dracut__asks_body() {
	world_works
	mkdir -p stage/usr/lib/mandos
	script stage/usr/lib/mandos/plugin-runner \
	    'printf "%s\n" "$@" "$CRYPTTAB_SOURCE $CRYPTTAB_NAME" \' \
	    '    "$cryptsource $crypttarget" >>/mnt/called' \
	    'echo x >>/mnt/tries; printf "%s" "$(wc -l </mnt/tries)"'
	script stage/usr/bin/opens 'echo "$*" >/mnt/opened; [ "$(cat)" = "$3" ]'
	cat "$top_srcdir/etc/dracut/90mandos/ask-for-password.sh" - >go <<-'END'
		device=/dev/x
		luksname=y
		ask_for_password --ply-tries 5 --ply-cmd "opens -T1 $device $1" \
		    --ply-prompt 'Password (/dev/x)' --tty-tries 1 \
		    --tty-cmd "opens -T5 -t 0 $device $luksname"
	END
	set -- "$top_srcdir/regress/boot/world" stage . sh /mnt/go
	atf_check -s exit:0 -o empty -e empty "$@" 3
	# The second try is for the person at the console alone.
	for without in '' '--disable=mandos-client\n' ''; do
		printf -- "--%s\n" config-file=/etc/mandos/plugin-runner.conf \
		    'options-for=password-prompt:--prompt=Password (/dev/x)' \
		    'options-for=plymouth:--prompt=Password (/dev/x)'
		# shellcheck disable=SC2059
		printf -- "$without/dev/x y\n/dev/x y\n"
	done >expected
	atf_check -s exit:0 -o file:expected -e empty cat called
	atf_check -s exit:0 -o inline:'-T1 /dev/x 3\n' -e empty cat opened
	rm tries
	atf_check -s exit:1 -o empty -e inline:'Wrong password\n' "$@" 9
	atf_check -s exit:0 -o inline:'5\n' -e empty sh -c 'wc -l <tries'
}

atf_init_test_cases() {
	atf_add_test_case files__golden
	atf_add_test_case keys__private
	atf_add_test_case umask__strict
	atf_add_test_case umask__any
	atf_add_test_case settings__of_the_administrator
	atf_add_test_case hooks__asked
	atf_add_test_case keys__missing
	atf_add_test_case dracut__systemd
	atf_add_test_case dracut__plain
	atf_add_test_case dracut__check
	atf_add_test_case dracut__cmdline
	atf_add_test_case dracut__units
	atf_add_test_case dracut__asks
}
