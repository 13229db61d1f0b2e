package reconcile_test

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/rolewright/rolewright/reconcile"
	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/apply"
	"github.com/rolewright/rolewright/reconcile/emulator"
	"github.com/rolewright/rolewright/reconcile/launchdarkly"
	"github.com/rolewright/rolewright/reconcile/manifest"
	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

var orgsToTry = flag.Int("orgs", 0, "random organisations to plan and apply; 0 is 300, or 60 with -short")

// liveAccount is an account behind the real client.
type liveAccount struct{ *launchdarkly.Client }

func (c liveAccount) AccountID(ctx context.Context) (string, error) {
	id, err := c.Identity(ctx)
	return id.AccountID, err
}

var _ apply.People = liveAccount{}

// noWait is a sleep that takes no time.
func noWait(ctx context.Context, _ time.Duration) error { return ctx.Err() }

// connect opens an account through a transport that needs no closing.
func connect(t testing.TB, o launchdarkly.Options) liveAccount {
	t.Helper()
	o.Host, o.Token, o.Sleep = "localhost", "emulator", noWait
	c, err := launchdarkly.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return liveAccount{c}
}

// connect opens the organisation's account for reading, or for writing too. Pages are small, so
// that lists have several.
func (o *org) connect(t testing.TB, carries http.RoundTripper, readOnly bool) liveAccount {
	t.Helper()
	return connect(t, launchdarkly.Options{Transport: carries, ReadOnly: readOnly, PageSize: 2 + int(o.seed%5)})
}

func orgOptions() reconcile.Options {
	o := options()
	o.Semantics = new(policy.DefaultSemantics())
	return o
}

func orgApply(seed uint64) apply.Options {
	return apply.Options{Comment: "why", Sleep: noWait, Parallelism: 1 + int(seed%4)}
}

// TestOrganisations plans and applies random organisations through the real client on the emulator:
// the plan writes nothing, what it says of people is what every request of a small world shows of the
// account before and after, the files get what they want and nothing else moves, and then nothing is
// left to do.
func TestOrganisations(t *testing.T) {
	n := *orgsToTry
	if n == 0 {
		n = 300
		if testing.Short() {
			n = 60
		}
	}
	seen := map[string]int{}
	for seed := range uint64(n) {
		drawOrg(t, seed).live(t, seen)
		if t.Failed() {
			t.Fatalf("organisation %d", seed)
		}
	}
	t.Log(n, "organisations:", seen)
	for _, what := range []string{"changes", "blocked", "nothing to do", "created", "updated", "deleted", "team", "member", "skipped", "gains", "loses", "both", "none"} {
		if seen[what] == 0 && n >= 60 {
			t.Errorf("no organisation with %q: the draws are too poor", what)
		}
	}
}

// live takes an organisation through its plan, and counts what was seen.
func (o *org) live(t *testing.T, seen map[string]int) {
	ws := o.workspace(t)
	carries := emulator.Transport(o.emu)
	reader, writer := o.connect(t, carries, true), o.connect(t, carries, false)
	p := o.plan(t, ws, reader, orgOptions())
	before, was := truthOf(o.emu), o.things()
	if o.emu.Writes() > 0 {
		t.Error("the plan has written")
	}
	res := reconcile.Apply(t.Context(), o.saved(t, p, ws, reader), ws, writer, orgApply(o.seed))
	seen[o.ended(t, p, res)]++
	if len(p.Blocks) > 0 {
		return
	}
	o.untouched(t, p, was)
	o.granted(t)
	o.effects(t, p, before, seen)
	o.finished(t, ws, writer)
	count(seen, p)
}

// plan makes a plan. What guards ask to be said on the command line because of what roles mean is said,
// except for wild organisations.
func (o *org) plan(t *testing.T, ws *manifest.Workspace, account reconcile.Account, options reconcile.Options) *plan.Plan {
	t.Helper()
	for range 3 {
		p, err := reconcile.Plan(t.Context(), ws, account, options)
		o.must(t, err)
		if o.wild || !lift(&options.Lift, p.Blocks) {
			return p
		}
	}
	t.Fatalf("organisation %d stays blocked", o.seed)
	return nil
}

// lift permits what blocks refuse, and reports whether there was something to permit.
func lift(l *plan.Lift, blocks []plan.Block) (more bool) {
	for _, b := range blocks {
		list := map[plan.Guard]*[]string{
			plan.GuardEscalation: &l.AllowEscalation, plan.GuardGap: &l.AllowTransient, plan.GuardLockout: &l.AllowLockout,
			plan.GuardChanges: &l.AllowRisk,
		}[b.Guard]
		if list != nil && b.Flag != "" {
			*list, more = append(*list, b.Keys...), true
		}
	}
	return more
}

// saved is the plan as it is read from a file; for some it is verified first.
func (o *org) saved(t *testing.T, p *plan.Plan, ws *manifest.Workspace, account reconcile.Account) *plan.Plan {
	t.Helper()
	saved, err := plan.Decode(plan.Encode(p))
	o.must(t, err)
	if o.seed%4 == 0 && len(p.Blocks) == 0 {
		o.must(t, reconcile.Verify(t.Context(), saved, ws, account, orgOptions()))
	}
	return saved
}

// ended checks how the apply ended, and says in a word how that was.
func (o *org) ended(t *testing.T, p *plan.Plan, res *apply.Result) string {
	t.Helper()
	want, word, verified := apply.ReasonApplied, "changes", true
	switch {
	case len(p.Blocks) > 0:
		want, word, verified = plan.Blocked, "blocked", false
		if o.emu.Writes() > 0 {
			t.Errorf("%v, and something was written", p.Blocks)
		}
		if !o.wild {
			t.Errorf("blocked: %v", p.Blocks)
		}
	case len(p.Changes) == 0:
		want, word, verified = plan.NoChanges, "nothing to do", false
	}
	if res.ExitReason != want || res.Verified != verified {
		t.Errorf("%s, verified %t: %s %s\n%+v", res.ExitReason, res.Verified, res.Error, res.Hint, res.Changes)
	}
	return word
}

// finished checks that nothing is left to do, and that doing it writes nothing.
func (o *org) finished(t *testing.T, ws *manifest.Workspace, account reconcile.Account) {
	t.Helper()
	writes := o.emu.Writes()
	again := o.plan(t, ws, account, orgOptions())
	if again.Summary.Total() > 0 || again.ExitReason != plan.NoChanges || len(again.Blocks) > 0 {
		t.Errorf("left to do: %+v, %v", again.Summary, again.Blocks)
	}
	res := reconcile.Apply(t.Context(), again, ws, account, orgApply(o.seed))
	if res.ExitReason != plan.NoChanges || o.emu.Writes() != writes {
		t.Errorf("%s, %d writes", res.ExitReason, o.emu.Writes()-writes)
	}
}

// things are all roles, teams and members, by kind and key.
func (o *org) things() map[string]string {
	all := map[string]string{}
	for _, l := range o.emu.Roles() {
		all["role "+l.Key] = jsonOf(l)
	}
	for _, l := range o.emu.Teams() {
		all["team "+l.Key] = jsonOf(l)
	}
	for _, l := range o.emu.Members() {
		all["member "+l.Email] = jsonOf(l)
	}
	return all
}

// untouched checks that nothing has changed but what the plan names.
func (o *org) untouched(t *testing.T, p *plan.Plan, was map[string]string) {
	t.Helper()
	for _, c := range p.Changes {
		delete(was, c.Kind+" "+c.Key)
	}
	is := o.things()
	for name, text := range was {
		if is[name] != text {
			t.Errorf("%s is not in the plan: it was %s and is %s", name, text, is[name])
		}
	}
}

// granted checks that the account holds what the files say.
func (o *org) granted(t *testing.T) {
	t.Helper()
	keys, roles := map[string]string{}, map[string]role.Role{}
	for _, l := range o.emu.Roles() {
		keys[l.ID], roles[l.Key] = l.Key, as[role.Role](l)
	}
	for key, want := range o.roles {
		is, there := roles[key]
		if want != nil && (!there || !role.Equal(*want, is)) || want == nil && there && !o.stillHeld(key) {
			t.Errorf("role %s: wanted %+v, is %+v", key, want, is)
		}
	}
	teams := 0
	for _, l := range o.emu.Teams() {
		if want, declared := o.teams[l.Key]; declared && !l.Synced {
			want.check(t, "team "+l.Key, map[string]string{"name": l.Name, "description": l.Description}, named(l.CustomRoles, keys), l.RoleAttributes)
		}
		if _, declared := o.teams[l.Key]; declared {
			teams++
		}
	}
	if teams != len(o.teams) {
		t.Errorf("%d teams of %d", teams, len(o.teams))
	}
	for _, l := range o.emu.Members() {
		if want, declared := o.members[l.Email]; declared && !l.Synced {
			want.check(t, "member "+l.Email, map[string]string{"role": l.Role}, named(l.CustomRoles, keys), l.RoleAttributes)
		}
	}
}

// stillHeld reports whether somebody holds a role.
func (o *org) stillHeld(key string) bool {
	for _, l := range o.emu.Roles() {
		if l.Key != key {
			continue
		}
		return slices.ContainsFunc(o.emu.Members(), func(m emulator.Member) bool { return slices.Contains(m.CustomRoles, l.ID) }) ||
			slices.ContainsFunc(o.emu.Teams(), func(t emulator.Team) bool { return slices.Contains(t.CustomRoles, l.ID) })
	}
	return false
}

// named returns the keys of roles; those that nobody knows are left out.
func named(ids []string, keys map[string]string) []string {
	list := []string{}
	for _, id := range ids {
		if keys[id] != "" {
			list = append(list, keys[id])
		}
	}
	slices.Sort(list)
	return list
}

func (w wantedHolder) check(t *testing.T, name string, fields map[string]string, roles []string, attributes role.Attributes) {
	t.Helper()
	for field, want := range w.fields {
		if fields[field] != want {
			t.Errorf("%s: %s is %q, wanted %q", name, field, fields[field], want)
		}
	}
	if w.roles != nil && !slices.Equal(roles, slices.Sorted(slices.Values(w.roles))) {
		t.Errorf("%s holds %q, wanted %q", name, roles, w.roles)
	}
	if w.attributes != nil && !w.attributes.Equal(attributes) {
		t.Errorf("%s has %v, wanted %v", name, attributes, w.attributes)
	}
}

// effects checks what the plan says of each member against the account before and after.
func (o *org) effects(t *testing.T, p *plan.Plan, before truth, seen map[string]int) {
	t.Helper()
	if p.People == nil {
		if len(p.Changes) > 0 && (o.managesTeams || o.managesMembers) {
			t.Error("nothing is said of people")
		}
		seen["nothing said of people"]++
		return
	}
	after, said, told := truthOf(o.emu), map[string]access.Verdict{}, map[string]string{}
	for _, e := range p.People.Effects {
		said[e.Email], told[e.Email] = e.Verdict, jsonOf(e)
		if (e.Verdict == access.Gains || e.Verdict == access.Both) != (len(e.Gained) > 0) && e.Verdict != access.Unsure {
			t.Errorf("%s: %+v", e.Email, e)
		}
	}
	tally := map[access.Verdict]int{}
	for email, could := range before.allowed {
		is, was := said[email], between(could, after.allowed[email])
		if is == "" {
			is = access.None
		}
		tally[is]++
		seen[string(is)]++
		unknown := before.strangers[email] + after.strangers[email]
		if is != was && (is != access.Unsure || unknown == "") {
			t.Errorf("%s: the plan says %s, and it is %s\n%s", email, is, was, told[email])
		}
	}
	c := p.People
	if c.Members != len(before.allowed) || c.Gain != tally[access.Gains] || c.Lose != tally[access.Loses] || c.Both != tally[access.Both] || c.Undecided != tally[access.Unsure] {
		t.Errorf("counted %+v, told %v", c, tally)
	}
}

// count counts what a plan has.
func count(seen map[string]int, p *plan.Plan) {
	seen["created"] += p.Summary.Create + p.Summary.Replace
	seen["updated"] += p.Summary.Update
	seen["deleted"] += p.Summary.Delete
	seen["team"] += p.Summary.Teams
	seen["member"] += p.Summary.Members
	seen["skipped"] += len(p.Skipped)
}

// TestOrganisationsAreDrawn: the same seed draws the same organisation, and another seed another one.
func TestOrganisationsAreDrawn(t *testing.T) {
	text := func(seed uint64) string {
		o := drawOrg(t, seed)
		return fmt.Sprint(o.files, o.things())
	}
	if first, again := text(7), text(7); first != again || first == text(8) {
		t.Error("draws depend on something else than the seed")
	}
}
