# SPDX-License-Identifier: ISC
# What tests of initial RAM disks share; they read this file after lib.sh.
# shellcheck shell=sh disable=SC2034,SC2154

# stage_install: in ./stage, what "make install" installs; of the directories
# those of initramfs-tools and dracut are the real ones.
stage_install() {
	need make
	atf_check -s exit:0 -o ignore -e ignore make -C "$top_builddir" \
	    --silent install DESTDIR="$PWD/stage" \
	    initramfstoolsdir=/usr/share/initramfs-tools \
	    dracutmodulesdir=/usr/lib/dracut/modules.d
	client_lib=$(sed -n 's/^programs=//p' \
	    stage/usr/share/initramfs-tools/hooks/mandos)
}

# stage_keys DIR: a client's keys, as client_keys makes them, are the host's.
stage_keys() {
	mkdir -p stage/etc/keys
	mkdir -m 700 stage/etc/keys/mandos
	for stage_name in pubkey.txt seckey.txt tls-pubkey.pem tls-privkey.pem
	do
		install -m 600 "$1/$stage_name" stage/etc/keys/mandos/
	done
}

# stage_kernel: one without any modules, which is enough to build an image.
stage_kernel() {
	kernel=0.0-test
	mkdir -p "stage/usr/lib/modules/$kernel/kernel" stage/boot
	for stage_name in order builtin builtin.modinfo; do
		: >"stage/usr/lib/modules/$kernel/modules.$stage_name"
	done
	echo CONFIG_RD_GZIP=y >"stage/boot/config-$kernel"
}

# stage_initramfs_conf [LINE...]: the settings of initramfs-tools.
stage_initramfs_conf() {
	mkdir -p stage/etc/initramfs-tools
	printf '%s\n' MODULES=list BUSYBOX=auto KEYMAP=n COMPRESS=gzip DEVICE= \
	    NFSROOT=auto RUNSIZE=10% FSTYPE=ext4 "$@" \
	    >stage/etc/initramfs-tools/initramfs.conf
}

# world COMMAND...: run it where the stage is in place; the current directory
# is /mnt there.
world() {
	"$top_srcdir/regress/boot/world" stage . "$@"
}

# world_works: skip the test where there can be no such place.
world_works() {
	need unshare tar
	mkdir -p stage
	world true 2>world.err ||
	    atf_skip "no overlay: $(tail -n 1 world.err)"
}

# image_unpack FILE DIR: with owners and modes.
image_unpack() {
	need unmkinitramfs
	atf_check -s exit:0 -o ignore -e ignore unmkinitramfs "$1" "$2"
	# With microcode in front of it, the image proper is in main.
	[ ! -d "$2/main" ] || mv "$2/main" "$2.main"
	[ ! -d "$2.main" ] || { rm -rf "$2" && mv "$2.main" "$2"; }
}

# image_list DIR: mode, owner, and path of everything in it.
image_list() {
	find "$1" -mindepth 1 -printf '%M %U:%G %P\n' | LC_ALL=C sort -k 3
}
