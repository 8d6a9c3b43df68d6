/* SPDX-License-Identifier: ISC */
/*
 * Introspection: the table as XML.  Every name in it is one of ours, or part
 * of an object path, and needs no escaping.
 */
#include "table.h"

#include <sys/types.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "path.h"

#define ANNOTATION "<annotation name=\"org.freedesktop.DBus."

static void
put_deprecated(FILE *out, const char *indent, int is_deprecated)
{
	if (is_deprecated)
		fprintf(out, "%s" ANNOTATION
		    "Deprecated\" value=\"true\"/>\n", indent);
}

/* Arguments; those of signals have no direction. */
static void
put_args(FILE *out, const struct table_arg *arg, int with_direction)
{
	for (; arg->type != NULL; arg++) {
		fputs("      <arg", out);
		if (with_direction)
			fprintf(out, " direction=\"%s\"",
			    arg->is_out ? "out" : "in");
		fprintf(out, " type=\"%s\"", arg->type);
		if (arg->name != NULL)
			fprintf(out, " name=\"%s\"", arg->name);
		fputs("/>\n", out);
	}
}

static void
put_methods(FILE *out, const struct table_method *m)
{
	for (; m != NULL && m->name != NULL; m++) {
		fprintf(out, "    <method name=\"%s\">\n", m->name);
		put_args(out, m->args, 1);
		put_deprecated(out, "      ", m->is_deprecated);
		fputs("    </method>\n", out);
	}
}

static void
put_signals(FILE *out, const struct table_signal *s)
{
	for (; s != NULL && s->name != NULL; s++) {
		fprintf(out, "    <signal name=\"%s\">\n", s->name);
		put_args(out, s->args, 0);
		put_deprecated(out, "      ", s->is_deprecated);
		fputs("    </signal>\n", out);
	}
}

static const char *
access_of(const struct table_property *p)
{
	if (p->source == SOURCE_SECRET)
		return "write";
	return p->setter == SETTER_NONE ? "read" : "readwrite";
}

static void
put_properties(FILE *out, const struct table_property *p)
{
	for (; p != NULL && p->name != NULL; p++) {
		fprintf(out, "    <property name=\"%s\" type=\"%s\" "
		    "access=\"%s\">\n", p->name, p->type, access_of(p));
		if (p->emits != EMITS_CHANGE)
			fprintf(out, "      " ANNOTATION
			    "Property.EmitsChangedSignal\" value=\"%s\"/>\n",
			    p->emits == EMITS_NOTHING ? "const" :
			    "invalidates");
		put_deprecated(out, "      ", p->is_deprecated);
		fputs("    </property>\n", out);
	}
}

/* The parts of client paths that come directly below this one. */
static void
put_children(FILE *out, const char *path)
{
	const char *last = "", *part;
	struct bus_client *c;
	size_t len, last_len = 0;
	char *inside;

	if (asprintf(&inside, "%s/", path) == -1)
		fatal("asprintf");
	for (c = mirror_below(inside); c != NULL &&
	    strncmp(c->path, inside, strlen(inside)) == 0;
	    c = mirror_after(c)) {
		part = c->path + strlen(inside);
		len = strcspn(part, "/");
		/* Paths with one part in common stand together. */
		if (len != last_len || strncmp(part, last, len) != 0)
			fprintf(out, "  <node name=\"%.*s\"/>\n", (int)len,
			    part);
		last = part;
		last_len = len;
	}
	free(inside);
}

char *
introspect(enum object object, const char *path)
{
	const struct table_interface *i;
	size_t len;
	char *xml;
	FILE *out;

	if ((out = open_memstream(&xml, &len)) == NULL)
		fatal("open_memstream");
	fputs(DBUS_INTROSPECT_1_0_XML_DOCTYPE_DECL_NODE, out);
	fprintf(out, "<node name=\"%s\">\n", path);
	for (i = table_interfaces; i->name != NULL; i++) {
		/* A mere part of paths has nothing to speak of. */
		if (!(i->objects & object) || i->is_hidden ||
		    object == OBJECT_NODE)
			continue;
		fprintf(out, "  <interface name=\"%s\">\n", i->name);
		put_methods(out, i->methods);
		put_signals(out, i->signals);
		put_properties(out, i->properties);
		put_deprecated(out, "    ", i->is_deprecated);
		fputs("  </interface>\n", out);
	}
	if (object == OBJECT_ROOT)
		fprintf(out, "  <node name=\"%s\"/>\n", &PATH_CLIENTS[1]);
	else if (object != OBJECT_OWN)
		put_children(out, path);
	fputs("</node>\n", out);
	if (fclose(out) == EOF)
		fatal("open_memstream");
	return xml;
}
