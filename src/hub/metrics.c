/* SPDX-License-Identifier: Apache-2.0 */
#include "hub/metrics.h"

#include <stdio.h>

#include "archive/layout.h"
#include "base/when.h"
#include "hub/api.h"
#include "hub/room.h"
#include "wire/message.h"

/* Microseconds for which the oldest of what was taken waits to be found. */
static int64_t waiting(const struct hub *h)
{
	return h->uncommitted ? loop_now() - h->committed_at : 0;
}

/* One word: they concern no host, and nothing of them is told to anybody. */
static const char *outputs_word(struct hub *h)
{
	struct keeper *k = &h->keeper;

	if (k->running && k->names.n == 0)
		return "none";
	if (!k->running)
		return h->cfg->outputs ? "stopped" : "none";
	if (!keeper_look(k, h->cfg->store))
		return "failing";
	for (size_t i = 0; i < k->names.n; i++)
		if (!k->states[i].told || k->states[i].failing)
			return "failing";
	return "good";
}

static void add_senders_health(const struct senders *ss, struct buf *b)
{
	struct senders_sum sum;

	senders_sum(ss, &sum);
	message_number(b, "senders", ss->n);
	message_number(b, "senders_messages", sum.messages);
	message_number(b, "senders_lost", sum.lost + senders_losses(ss));
}

void metrics_health(
    struct hub *h, const struct http_call *call, struct http_reply *reply)
{
	const bool late = waiting(h) > HEALTH_LATE;
	const bool full = h->no_room;

	(void)call;
	if (late || full)
		reply->status = 503;
	reply->type = "application/json";
	message_begin(&reply->body);
	message_text(&reply->body, "name", str_z(h->cfg->name));
	message_text(&reply->body, "state",
	    full   ? STR("no room")
	    : late ? STR("late")
		   : STR("good"));
	message_number(&reply->body, "frames", h->frames);
	message_number(&reply->body, "chains", h->n_chains);
	message_number(&reply->body, "waiting_us", (uint64_t)waiting(h));
	message_text(&reply->body, "outputs", str_z(outputs_word(h)));
	add_senders_health(&h->senders, &reply->body);
	message_end(&reply->body);
}

static void head(
    struct buf *b, const char *name, const char *type, const char *help)
{
	buf_printf(b, "# HELP sshtrail_hub_%s %s\n# TYPE sshtrail_hub_%s %s\n",
	    name, help, name, type);
}

/* Names of hosts and outputs are letters, digits and "._-": nothing to be
 * escaped. */
static void row(struct buf *b, const char *name, const char *label,
    const char *value, double number)
{
	buf_printf(b, "sshtrail_hub_%s", name);
	if (label)
		buf_printf(b, "{%s=\"%s\"}", label, value);
	buf_printf(b, " %.17g\n", number);
}

static void single(struct buf *b, const char *name, const char *type,
    const char *help, double number)
{
	head(b, name, type, help);
	row(b, name, NULL, NULL, number);
}

static bool may_see(const struct account *a, const char *host)
{
	struct query q = {.host = {str_z(host)}, .n_host = 1};

	return account_narrow(a, &q);
}

static double heard_ago(const struct heard *heard)
{
	return (double)(loop_now() - heard->at) / 1e6;
}

static double is_silent(const struct heard *heard)
{
	return heard->silent;
}

static const struct {
	const char *name, *help;
	double (*of)(const struct heard *heard);
} per_host[] = {
    {"host_heard_seconds", "Since the host was heard last.", heard_ago},
    {"host_silent", "1: an alert told that the host is silent.", is_silent},
};

static void add_hosts(
    const struct hub *h, const struct account *a, struct buf *b)
{
	const struct silence *s = &h->silence;

	for (size_t i = 0; i < sizeof per_host / sizeof *per_host; i++) {
		head(b, per_host[i].name, "gauge", per_host[i].help);
		for (size_t k = 0; k < s->n; k++)
			if (may_see(a, s->v[k].name))
				row(b, per_host[i].name, "host", s->v[k].name,
				    per_host[i].of(&s->v[k]));
	}
}

static void add_chains(
    const struct hub *h, const struct account *a, struct buf *b)
{
	head(b, "chain_frames", "gauge",
	    "Frames that are kept of a chain that was sent since the start.");
	for (size_t i = 0; i < h->n_chains; i++) {
		const struct hub_chain *c = &h->chains[i];
		const struct str name = layout_written_as(c->name);
		char host[CERT_NAME_MAX + 1];

		snprintf(host, sizeof host, "%.*s",
		    STR_ARG(str_from(name, str_find_char(name, ':') + 1)));
		if (c->replica && may_see(a, host))
			row(b, "chain_frames", "chain", c->name,
			    (double)replica_tree(c->replica)->size);
	}
}

static double is_sent(const struct output_state *s)
{
	return (double)s->sent;
}

static double is_rejected(const struct output_state *s)
{
	return (double)s->rejected;
}

static double is_behind(const struct output_state *s)
{
	return (double)s->behind;
}

static double seconds_behind(const struct output_state *s)
{
	return (double)s->behind_seconds;
}

static double failing_for(const struct output_state *s)
{
	return s->failing ? (double)(time_now() - s->failing) / 1e6 : 0;
}

static const struct {
	const char *name, *type, *help;
	double (*of)(const struct output_state *s);
} per_output[] = {
    {"output_sent_total", "counter", "Events that the output accepted.",
	is_sent},
    {"output_rejected_total", "counter",
	"Events that it refused for good: the dead letters.", is_rejected},
    {"output_behind_events", "gauge", "Events not looked at yet.", is_behind},
    {"output_behind_seconds", "gauge", "Age of the event sent last.",
	seconds_behind},
    {"output_failing_seconds", "gauge", "For so long nothing was accepted.",
	failing_for},
};

/* Of those that told something by now. */
static void add_states(const struct keeper *k, struct buf *b)
{
	for (size_t i = 0; i < sizeof per_output / sizeof *per_output; i++) {
		head(b, per_output[i].name, per_output[i].type,
		    per_output[i].help);
		for (size_t n = 0; n < k->names.n; n++)
			if (k->states[n].told)
				row(b, per_output[i].name, "output",
				    k->names.v[n],
				    per_output[i].of(&k->states[n]));
	}
}

static void add_outputs(struct hub *h, struct buf *b)
{
	struct keeper *k = &h->keeper;

	if (k->names.n == 0)
		return;
	single(b, "outputs_running", "gauge",
	    "1: the program that forwards runs.", k->running);
	single(b, "outputs_ended_total", "counter",
	    "How often it ended by itself.", (double)k->ended);
	if (keeper_look(k, h->cfg->store))
		add_states(k, b);
}

static void add_connections(const struct http_server *s, struct buf *b)
{
	size_t open;
	uint64_t cut;

	http_server_count(s, &open, &cut);
	single(b, "connections", "gauge", "Connections that are open.",
	    (double)open);
	single(b, "connections_cut_total", "counter",
	    "Connections that were ended: they took too long, or there were "
	    "too many.",
	    (double)cut);
}

static double messages_of(const struct sender *s)
{
	return (double)s->messages;
}

static double events_of(const struct sender *s)
{
	return (double)s->events;
}

static double repeated_of(const struct sender *s)
{
	return (double)s->repeated;
}

static double forged_of(const struct sender *s)
{
	return (double)s->forged;
}

static double unparsed_of(const struct sender *s)
{
	return (double)sender_unparsed(s);
}

static double losses_of(const struct sender *s)
{
	return (double)sender_losses(s);
}

static double connections_of(const struct sender *s)
{
	return (double)s->connections;
}

static const struct {
	const char *name, *type, *help;
	double (*of)(const struct sender *s);
} per_sender[] = {
    {"sender_messages_total", "counter", "Messages taken.", messages_of},
    {"sender_events_total", "counter", "Events made of them.", events_of},
    {"sender_repeated_total", "counter",
	"Events left out: sent before the sender connected again.",
	repeated_of},
    {"sender_forged_total", "counter",
	"Events told of a host that sends its own trail.", forged_of},
    {"sender_unparsed_total", "counter", "Lines that are not understood.",
	unparsed_of},
    {"sender_lost_total", "counter",
	"Messages lost: too fast, too long, torn, no room.", losses_of},
    {"sender_connections", "gauge", "Connections open now.", connections_of},
};

static void add_senders(const struct senders *ss, struct buf *b)
{
	static const char *const losses[SENDERS_N_LOSSES] = {
	    [SENDERS_LOST_KERNEL] = "kernel",
	    [SENDERS_LOST_STRANGER] = "stranger",
	    [SENDERS_LOST_CROWD] = "crowd",
	    [SENDERS_LOST_GUEST] = "guest",
	    [SENDERS_LOST_NOBODY] = "nobody",
	};

	head(b, "inputs_refused_total", "counter",
	    "What was lost or refused before it was of a sender.");
	for (int i = 0; i < SENDERS_N_LOSSES; i++)
		row(b, "inputs_refused_total", "why", losses[i],
		    (double)ss->losses[i].n);
	for (size_t i = 0; i < sizeof per_sender / sizeof *per_sender; i++) {
		head(b, per_sender[i].name, per_sender[i].type,
		    per_sender[i].help);
		for (size_t k = 0; k < ss->n; k++)
			row(b, per_sender[i].name, "sender", ss->v[k]->name,
			    per_sender[i].of(ss->v[k]));
	}
}

void metrics_send(
    struct hub *h, const struct http_call *call, struct http_reply *reply)
{
	struct buf *b = &reply->body;
	struct account a;

	if (api_account(h, call, false, &a, reply)) {
		reply->type = "text/plain; version=0.0.4";
		single(b, "frames_total", "counter",
		    "Frames taken since the start.", (double)h->frames);
		single(b, "waiting_seconds", "gauge",
		    "How long the oldest of what was taken waits to be found.",
		    (double)waiting(h) / 1e6);
		single(b, "free_bytes", "gauge", "Room on the store's disk.",
		    (double)room_left(h));
		single(b, "no_room", "gauge",
		    "1: hardly any is left, and hosts are refused.",
		    h->no_room);
		add_connections(h->http, b);
		add_chains(h, &a, b);
		add_hosts(h, &a, b);
		/* They are sent what hosts told, whoever may see it; and
		 * senders tell of any host. */
		if (a.role != ROLE_VIEWER) {
			add_outputs(h, b);
			if (h->inputs)
				add_senders(&h->senders, b);
		}
	}
	account_free(&a);
}
