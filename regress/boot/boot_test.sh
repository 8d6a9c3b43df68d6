# SPDX-License-Identifier: ISC
# Machines with an encrypted root file system boot, in qemu, with an image by
# initramfs-tools or by dracut: the password comes from our server, or from the
# keyboard.  regress/boot/run runs these, and has a directory where the images
# stay for the next case.

. "$(atf_get_srcdir)/../lib.sh"
. "$top_srcdir/regress/boot/image.sh"

password='correct horse'

# case_of NAME DESCRIPTION: declare a test case.
case_of() {
	atf_test_case "$1"
	eval "$1_head() {
		atf_set descr \"$2\"
		atf_set require.user root
		atf_set timeout 900
	}"
}

# --- what is booted

# have_images: where they are, and which kernel it is.
have_images() {
	need qemu-system-x86_64 mke2fs cryptsetup busybox ip
	images=$(atf_config_get images '')
	[ -n "$images" ] || atf_skip 'only by regress/boot/run'
	for vmlinuz in /boot/vmlinuz-*; do
		kernel=${vmlinuz#*-}
	done
	[ -d "/lib/modules/$kernel" ] || atf_skip 'no kernel is installed'
	world_works
	have_keys
	have_root
}

have_keys() {
	# An agent of GnuPG stays where it is: this must not be moved.
	[ -s "$images/keys/pubkey.txt" ] || client_keys "$images/keys"
}

# have_root: a disk.  A file system is encrypted where it is, which needs no
# device mapper; the header takes its first 16 MB.
have_root() {
	[ ! -e "$images/root.img" ] || return 0
	mkdir -p root/bin root/sbin root/etc root/proc root/sys root/dev \
	    root/run root/tmp root/usr root/var
	cp "$top_srcdir/regress/boot/init" root/sbin/
	chmod 755 root/sbin/init
	printf 'NAME=test\nID=test\nVERSION_ID=1\n' >root/etc/os-release
	{
		command -v busybox
		ldd "$(command -v busybox)" 2>/dev/null | grep -o '/[^ ]*' || :
	} >files
	while read -r file; do
		mkdir -p "root${file%/*}"
		cp -L "$file" "root$file"
	done <files
	for name in cat cut mount poweroff sh tr; do
		ln -s "$(command -v busybox)" "root/bin/$name"
	done
	truncate -s 32M root.img
	mke2fs -q -F -t ext4 -d root root.img || atf_fail 'no file system'
	truncate -s 64M root.img
	printf %s "$password" >password
	cryptsetup reencrypt --encrypt --batch-mode --type luks2 \
	    --reduce-device-size 32M --pbkdf pbkdf2 \
	    --pbkdf-force-iterations 1000 --key-file password root.img ||
	    atf_fail 'the disk cannot be encrypted'
	mv root.img "$images/"
}

# stage_host OPTION: what an image is built from; the option has the disk
# opened by the image, although this machine does not run on it.
stage_host() {
	stage_install
	stage_keys "$images/keys"
	uuid=$(cryptsetup luksUUID "$images/root.img")
	echo "cryptroot UUID=$uuid none luks,$1" >stage/etc/crypttab
	echo '/dev/mapper/cryptroot / ext4 errors=remount-ro 0 1' \
	    >stage/etc/fstab
	drivers='virtio_pci virtio_blk virtio_net dm_mod dm_crypt aesni_intel
	    xts ext4'
}

# have_initramfs: an image by initramfs-tools.
have_initramfs() {
	have_images
	image=$images/initramfs.img
	[ ! -e "$image" ] || return 0
	stage_host initramfs
	stage_initramfs_conf
	# shellcheck disable=SC2086	# several
	printf '%s\n' $drivers >stage/etc/initramfs-tools/modules
	world mkinitramfs -o /mnt/image "$kernel" >image.out 2>&1 ||
	    fail_with image.out 'mkinitramfs failed'
	mv image "$image"
}

# have_dracut NAME [OPTION...]: an image by dracut.
have_dracut() {
	need dracut
	have_images
	image=$images/$1.img
	shift
	[ ! -e "$image" ] || return 0
	stage_host force
	world dracut --force --hostonly --hostonly-mode strict \
	    --no-hostonly-cmdline --filesystems ext4 \
	    --add-drivers "$drivers" "$@" --kver "$kernel" /mnt/image \
	    >image.out 2>&1 || fail_with image.out 'dracut failed'
	grep -q "Including module: mandos" image.out ||
	    fail_with image.out 'dracut did not take our module'
	mv image "$image"
}

# --- the network

# network: a host for the server, with a cable into the machine to be booted.
network() {
	host_new server
	at server ip tuntap add dev srv0 mode tap
	host_up server srv0
	mkdir -m 700 etc
	echo '[DEFAULT]' >etc/mandos.conf
	chmod 755 .
}

# knows [LINE...]: the server knows the machine.
knows() {
	{
		client_section machine "$images/keys" "${secret:-$password}"
		printf '%s\n' 'checker = :' "$@"
	} >etc/clients.conf
}

# bus: a system bus for the server and avahi-daemon.
bus() {
	need dbus-daemon avahi-daemon
	cat >bus.conf <<-END
		<!DOCTYPE busconfig PUBLIC
		 "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
		 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
		<busconfig>
		<listen>unix:path=$PWD/bus</listen>
		<auth>EXTERNAL</auth>
		<policy context="default">
		<allow user="*"/>
		<allow own="*"/>
		<allow send_destination="*"/>
		<allow receive_sender="*"/>
		</policy>
		</busconfig>
	END
	DBUS_SYSTEM_BUS_ADDRESS=unix:path=$PWD/bus
	export DBUS_SYSTEM_BUS_ADDRESS
	dbus-daemon --config-file="$PWD/bus.conf" --nofork --nopidfile \
	    >bus.log 2>&1 &
	wait_for 10 test -S bus
	printf '[server]\nhost-name=server\nuse-ipv4=no\n' >avahi.conf
	at server unshare --mount sh -c '
	mount -t tmpfs -o mode=755 tmpfs /run && mkdir /run/avahi-daemon &&
	    exec avahi-daemon --file="$1" --no-drop-root --no-chroot \
	    --no-proc-title --no-rlimits
	' sh "$PWD/avahi.conf" >avahi.log 2>&1 &
	wait_for 30 grep -q 'startup complete' avahi.log
}

# serves [OPTION...]: our server, announced by Zeroconf unless told otherwise.
serves() {
	mkdir -p -m 700 server.state
	server_run server "$bin/mandos" --foreground --debuglevel DEBUG \
	    --statedir "$PWD/server.state" --configdir "$PWD/etc" \
	    --port "$port" "$@"
}

# --- the machine

# power_on [PARAMETER...]: it starts; what it says is in ./console, and
# descriptor 9 is its keyboard.
power_on() {
	mkfifo keyboard
	exec 9<>keyboard
	at server qemu-system-x86_64 -nodefaults -no-user-config \
	    -display none -no-reboot -accel tcg -machine q35 -cpu max -smp 1 \
	    -m 768 -serial stdio -monitor none \
	    -kernel "/boot/vmlinuz-$kernel" -initrd "$image" \
	    -append "console=ttyS0 root=/dev/mapper/cryptroot ro$(
	    ) init=/sbin/init panic=-1 loglevel=4 mitigations=off$(
	    ) net.ifnames=0 $*" \
	    -drive "file=$images/root.img,format=raw,if=virtio,snapshot=on" \
	    -netdev tap,id=n0,ifname=srv0,script=no,downscript=no \
	    -device virtio-net-pci,netdev=n0,romfile= \
	    -device virtio-rng-pci <keyboard >console 2>&1 &
	machine=$!
}

# seen SECONDS REGEX: hold that the machine says so in that time.
seen() {
	seen_end=$(($(date +%s) + $1))
	until grep -aq -e "$2" console; do
		kill -0 "$machine" 2>/dev/null ||
		    fail_with console "the machine is off, and has not said: $2"
		[ "$(date +%s)" -le "$seen_end" ] ||
		    fail_with console "the machine has not said: $2"
		sleep 0.2
	done
}

# prompts COUNT: has the machine asked so often for the password?
prompts() {
	[ "$(grep -ac 'Please unlock disk cryptroot' console)" -ge "$1" ]
}

# types TEXT
types() {
	printf '%s\r' "$1" >&9
}

# boots: hold that it comes to the end, and that nothing of ours is left.
boots() {
	seen 300 '^BOOT-MARKER-OK'
	tr -d '\r' <console | grep -a '^BOOTED'
	! grep -a '^LEFT' console | grep -v "${left:-^$}" ||
	    fail_with console 'not all is gone'
	grep -aq '^LOGLEVEL 4' console ||
	    fail_with console 'the level of the log is another one'
	grep -aF "$password" console && fail_with console 'it told the password'
	wait "$machine"
}

case_of initramfs__enabled 'an enabled client boots with no keystroke'
initramfs__enabled_body() {
	have_initramfs
	network
	knows
	bus
	serves
	power_on
	boots
	atf_check -s exit:0 -o ignore -e empty grep 'release ' server.log
	server_stop server
}

case_of initramfs__disabled 'a disabled one boots when the password is typed'
initramfs__disabled_body() {
	have_initramfs
	network
	knows 'enabled = False'
	bus
	serves
	power_on
	seen 300 'Please unlock disk cryptroot'
	wait_for 60 grep 'refusal ' server.log
	types "$password"
	boots
	atf_check -s exit:1 -o empty -e empty grep 'release ' server.log
	server_stop server
}

case_of initramfs__late 'a server may be twenty seconds late'
initramfs__late_body() {
	have_initramfs
	network
	knows
	bus
	power_on
	seen 300 'Please unlock disk cryptroot'
	sleep 20
	serves
	boots
	server_stop server
}

case_of initramfs__wrong_password 'a wrong password is handed over only once'
initramfs__wrong_password_body() {
	have_initramfs
	network
	secret=wrong
	knows
	bus
	serves
	power_on
	seen 300 'mandos: the password from the server is wrong'
	# The next prompt comes a second later.
	wait_for 60 prompts 2
	types "$password"
	boots
	atf_check -s exit:0 -o inline:'1\n' -e empty \
	    sh -c 'grep -a "cryptroot: cryptsetup failed" console | wc -l'
	server_stop server
}

case_of initramfs__off 'mandos=off is a machine without a client'
initramfs__off_body() {
	have_initramfs
	network
	knows
	bus
	serves
	power_on mandos=off
	seen 300 'Please unlock disk cryptroot'
	types "$password"
	boots
	atf_check -s exit:1 -o empty -e empty grep 'release ' server.log
	server_stop server
}

case_of initramfs__connect 'a server by its address, in a network by IPv4'
initramfs__connect_body() {
	have_initramfs
	network
	at server ip address add 192.0.2.1/24 dev srv0
	knows
	serves --no-zeroconf --no-dbus
	power_on "ip=192.0.2.2::192.0.2.1:255.255.255.0::eth0:off$(
	    ) mandos=connect:192.0.2.1:$port"
	# The network stays as the kernel command line wants it.
	left='^LEFT up /sys/class/net/eth0/flags'
	boots
	atf_check -s exit:0 -o ignore -e empty grep -a "$left" console
	server_stop server
}

# --- network hooks

# have_hooks: an image with all examples of network hooks, and a script that
# tries them and goes no further.
have_hooks() {
	need wg
	have_images
	image=$images/hooks.img
	[ ! -e "$image" ] || return 0
	stage_host initramfs
	hooks=stage/etc/mandos/network-hooks.d
	mkdir -p $hooks stage/etc/initramfs-tools/scripts/init-premount
	for name in bond bridge vlan wireguard; do
		cp "$top_srcdir/etc/network-hooks.d/$name" $hooks/
	done
	cp "$top_srcdir/etc/network-hooks.d/functions" $hooks/
	printf '%s\n' BOND=bond0 'PORTS="d0 d1"' ADDRESSES=2001:db8::2/64 \
	    >$hooks/bond.conf
	printf '%s\n' BRIDGE=br0 'PORTS="d0 d1"' ADDRESSES=192.0.2.2/24 \
	    >$hooks/bridge.conf
	printf '%s\n' VLAN=d0.5 PARENT=d0 VLAN_ID=5 \
	    'ADDRESSES="192.0.2.2/24 2001:db8::2/64"' >$hooks/vlan.conf
	printf '%s\n' TUNNEL=wg0 PARENT=d0 ADDRESSES=2001:db8:1::2/64 \
	    ROUTES=2001:db8:2::/64 PARENT_ADDRESSES=192.0.2.2/24 \
	    PARENT_GATEWAY=192.0.2.1 >$hooks/wireguard.conf
	(
		umask 077
		echo '[Interface]'
		echo "PrivateKey = $(wg genkey)"
		echo '[Peer]'
		echo "PublicKey = $(wg genkey | wg pubkey)"
		echo 'Endpoint = 198.51.100.1:51820'
		echo 'AllowedIPs = 2001:db8::/32'
	) >$hooks/wireguard.keys
	install -m 755 "$top_srcdir/regress/boot/hooks" \
	    stage/etc/initramfs-tools/scripts/init-premount/
	stage_initramfs_conf
	# shellcheck disable=SC2086	# several
	printf '%s\n' $drivers 'dummy numdummies=0' \
	    >stage/etc/initramfs-tools/modules
	world mkinitramfs -o /mnt/image "$kernel" >image.out 2>&1 ||
	    fail_with image.out 'mkinitramfs failed'
	mv image "$image"
}

case_of hooks__made 'network hooks make what they are named after'
hooks__made_body() {
	have_hooks
	host_new server
	at server ip tuntap add dev srv0 mode tap
	power_on mandos=off
	seen 300 '^HOOKS-END'
	tr -d '\r' <console | sed -n '/^HOOKS-BEGIN/,/^HOOKS-END/p' >said
	cat >expected <<-END
		HOOKS-BEGIN
		bond start 0: bond0 bond, bond0: d0 d1, 2001:db8::2/64
		bond stop 0: all as before
		bridge start 0: br0 bridge, br0: d0 d1, 192.0.2.2/24
		bridge stop 0: all as before
		vlan start 0: d0.5 vlan, 192.0.2.2/24 2001:db8::2/64
		vlan stop 0: all as before
		wireguard start 0: wg0 wireguard, 192.0.2.2/24$(
		) 2001:db8:1::2/64, peer 198.51.100.1:51820,$(
		) default via 192.0.2.1
		wireguard stop 0: all as before
		HOOKS-END
	END
	atf_check -s exit:0 -o file:expected -e empty cat said
	wait "$machine"
}

# --- dracut

# power_on_dracut [PARAMETER...]: the same with what dracut wants to know.
# shellcheck disable=SC2120
power_on_dracut() {
	power_on "rd.luks.name=$(cryptsetup luksUUID "$images/root.img")$(
	    )=cryptroot systemd.show_status=0 $*"
}

case_of dracut__enabled 'an enabled client boots with no keystroke'
dracut__enabled_body() {
	have_dracut dracut --add 'systemd systemd-initrd dm crypt'
	network
	knows
	bus
	serves
	power_on_dracut
	boots
	atf_check -s exit:0 -o ignore -e empty grep 'release ' server.log
	server_stop server
}

case_of dracut__disabled 'a disabled one boots when the password is typed'
dracut__disabled_body() {
	have_dracut dracut --add 'systemd systemd-initrd dm crypt'
	network
	knows 'enabled = False'
	bus
	serves
	power_on_dracut
	seen 300 'Please enter passphrase'
	wait_for 60 grep 'refusal ' server.log
	types "$password"
	boots
	server_stop server
}

case_of dracut__without_systemd 'dracut has an init of its own, too'
dracut__without_systemd_body() {
	have_dracut dracut-plain \
	    --omit 'systemd systemd-initrd dracut-systemd' \
	    --add 'dm crypt'
	network
	knows
	bus
	serves
	power_on "rd.luks.uuid=$(cryptsetup luksUUID "$images/root.img")$(
	    ) rd.luks.name=$(cryptsetup luksUUID "$images/root.img")=cryptroot"
	boots
	server_stop server
}

atf_init_test_cases() {
	atf_add_test_case initramfs__enabled
	atf_add_test_case initramfs__disabled
	atf_add_test_case initramfs__late
	atf_add_test_case initramfs__wrong_password
	atf_add_test_case initramfs__off
	atf_add_test_case initramfs__connect
	atf_add_test_case hooks__made
	atf_add_test_case dracut__enabled
	atf_add_test_case dracut__disabled
	atf_add_test_case dracut__without_systemd
}
