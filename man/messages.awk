# SPDX-License-Identifier: ISC
# Turns the rows of common/msgs.def into list items of mandos-design(7).

# One process as the manual calls it.
function who(proc) {
	if (proc == "CONF")
		return "reader"
	return tolower(proc)
}

/^TO_[A-Z]+\(/ { row = ""; rowing = 1 }

rowing {
	row = row $0
	if ($0 !~ /"\)$/)
		next
	rowing = 0
	split(row, half, "\"")
	gsub(/[ \t]/, "", half[1])
	split(half[1], field, /[(,]/)
	to = substr(field[1], 4)
	printf ".It Li %s\n", field[2]
	printf "%s to %s", who(field[4]), who(to)
	printf "%s\n", (field[7] > 0 ? ", with a descriptor." : ".")
	print half[2]
}
