package reconcile_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rolewright/rolewright/reconcile"
	"github.com/rolewright/rolewright/reconcile/manifest"
	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

const aCommit = "0f3c9a1d5b7e2a4c6d8f0a1b3c5d7e9f1a2b3c4d"

// source is a workspace in memory.
type source struct{ fstest.MapFS }

func (s source) Lstat(name string) (fs.FileInfo, error) { return fs.Lstat(s.MapFS, name) }

const config = "version: 1\ntargets: {t: {host: localhost}}\nguards: {maxDeletes: 99, maxDeletePercent: 100}\n"

// files returns a workspace of files, given as name and content in turn.
func files(pairs ...string) source {
	s := source{fstest.MapFS{manifest.ConfigFile: {Data: []byte(config)}}}
	for i := 0; i < len(pairs); i += 2 {
		s.MapFS[pairs[i]] = &fstest.MapFile{Data: []byte(pairs[i+1])}
	}
	return s
}

// text is the file of a role that says so in its description.
func text(key, says string) string {
	return fmt.Sprintf("kind: Role\nkey: %s\nname: Role %s\ndescription: %q\nbasePermissions: no_access\n"+
		"policy:\n  - {effect: allow, actions: [viewProject], resources: [\"proj/*\"]}\n", key, key, says)
}

func tombstone(key string) string { return "kind: Role\nkey: " + key + "\nstate: absent\n" }

func renamed(key, old, says string) string { return text(key, says) + "previously: [" + old + "]\n" }

// parsed returns what a workspace says. It must have nothing wrong with it.
func parsed(t testing.TB, s source) *manifest.Workspace {
	t.Helper()
	ws, findings, err := manifest.LoadFrom(s, manifest.Options{})
	if err != nil || len(findings) > 0 {
		t.Fatalf("%v, %v", findings, err)
	}
	return ws
}

// holding is an account with the roles that files declare.
func holding(t testing.TB, texts ...string) *account {
	t.Helper()
	a := empty()
	for _, one := range texts {
		roles, findings := manifest.Check("x.yaml", []byte(one))
		if len(findings) > 0 || len(roles) != 1 {
			t.Fatalf("%v", findings)
		}
		a.roles[roles[0].Key] = role.Live{Role: roles[0].Role, ID: "id-of-" + roles[0].Key}
	}
	return a
}

// earlier gives contents, and then an error if it is not nil.
func earlier(last error, contents ...string) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for _, c := range contents {
			if !yield([]byte(c), nil) {
				return
			}
		}
		if last != nil {
			yield(nil, last)
		}
	}
}

// causes tells the causes of a plan in a line per change.
func causes(p *plan.Plan) []string {
	list := []string{}
	for _, c := range p.Changes {
		line := fmt.Sprintf("%s %s: %s", c.Action, c.Key, c.Cause)
		if c.AlsoOnBase {
			line += ", also on base"
		}
		list = append(list, line)
	}
	return list
}

type shallow struct{}

func (shallow) Error() string { return "the clone is shallow" }
func (shallow) Hint() string  { return "fetch more" }

func TestCauses(t *testing.T) {
	t.Parallel()
	one, two, three := text("a", "one"), text("a", "two"), text("a", "three")
	for name, test := range map[string]struct {
		head, base source
		account    *account
		earlier    iter.Seq2[[]byte, error]
		prune      bool
		want       []string
		note       string
	}{
		"edited here": {files("a.yaml", two), files("a.yaml", one), holding(t, one), nil, false, []string{"update a: this change"}, ""},
		"made here":   {files("a.yaml", one), files(), holding(t), nil, false, []string{"create a: this change"}, ""},
		"deleted here": {
			files("a.yaml", tombstone("a")), files("a.yaml", one), holding(t, one), nil, false,
			[]string{"delete a: this change"},
			"",
		},
		"merged, not applied": {
			files("a.yaml", two), files("a.yaml", two), holding(t, one), earlier(nil, text("b", "x"), "no: [yaml", one), false,
			[]string{"update a: already pending"},
			"",
		},
		"merged twice, not applied": {
			files("a.yaml", three), files("a.yaml", three), holding(t, one), earlier(nil, two, one), false,
			[]string{"update a: already pending"},
			"",
		},
		"edited in the account": {
			files("a.yaml", two), files("a.yaml", two), holding(t, three), earlier(nil, one), false,
			[]string{"update a: drift"},
			"",
		},
		"edited in the account, one version": {
			files("a.yaml", two), files("a.yaml", two), holding(t, three), earlier(nil), false,
			[]string{"update a: drift"},
			"",
		},
		"history is cut, found before": {
			files("a.yaml", two), files("a.yaml", two), holding(t, one), earlier(shallow{}, one), false,
			[]string{"update a: already pending"},
			"",
		},
		"history is cut": {
			files("a.yaml", two), files("a.yaml", two), holding(t, three), earlier(shallow{}, one), false,
			[]string{"update a: "},
			"the clone is shallow, so that not every change can be told to be pending or drift; fetch more",
		},
		"history is broken": {
			files("a.yaml", two, "c.yaml", text("c", "x")), files("a.yaml", two), holding(t, three), earlier(errors.New("broken")), false,
			[]string{"create c: this change", "update a: "},
			"broken, so that not every change can be told to be pending or drift",
		},
		"moved to another file in between": {
			files("new.yaml", text("b", "x")+"---\n"+two), files("new.yaml", text("b", "x")+"---\n"+two), holding(t, one, text("b", "x")),
			earlier(nil, one), false,
			[]string{"update a: already pending"},
			"",
		},
		"moved here, and nothing else": {files("new.yaml", one), files("old.yaml", one), holding(t, one), nil, false, []string{}, ""},
		"drift that is edited here too": {
			files("a.yaml", two), files("a.yaml", one), holding(t, three), earlier(nil), false,
			[]string{"update a: this change, also on base"},
			"",
		},
		"one here, one pending, one drift, one new": {
			files("a.yaml", two, "b.yaml", text("b", "2"), "c.yaml", text("c", "2"), "d.yaml", text("d", "1")),
			files("a.yaml", one, "b.yaml", text("b", "2"), "c.yaml", text("c", "2"), "d.yaml", text("d", "1")),
			holding(t, one, text("b", "1"), text("c", "by hand")), earlier(nil, text("b", "1"), text("c", "1")), false,
			[]string{"create d: already pending", "update a: this change", "update b: already pending", "update c: drift"},
			"",
		},
		"tombstone of the base": {
			files("a.yaml", tombstone("a")), files("a.yaml", tombstone("a")), holding(t, one), earlier(nil, two, one), false,
			[]string{"delete a: already pending"},
			"",
		},
		"tombstone of the base, edited since": {
			files("a.yaml", tombstone("a")), files("a.yaml", tombstone("a")), holding(t, three), earlier(nil, two, one), false,
			[]string{"delete a: drift"},
			"",
		},
		"tombstone of the base for a role made by hand": {
			files("a.yaml", tombstone("a")), files("a.yaml", tombstone("a")), holding(t, one), earlier(nil, tombstone("a")), false,
			[]string{"delete a: already pending"},
			"",
		},
		"tombstone of the base, history is cut": {
			files("a.yaml", tombstone("a")), files("a.yaml", tombstone("a")), holding(t, one), earlier(shallow{}), false,
			[]string{"delete a: "},
			"the clone is shallow, so that not every change can be told to be pending or drift; fetch more",
		},
		"pruned, made by hand": {files(), files(), holding(t, one), earlier(nil), true, []string{"delete a: drift"}, ""},
		"pruned, was a file":   {files(), files(), holding(t, one), earlier(nil, one), true, []string{"delete a: already pending"}, ""},
		"pruned, file removed here": {
			files(), files("a.yaml", one), holding(t, one), earlier(nil), true, []string{"delete a: this change"}, "",
		},
		"renamed here": {
			files("b.yaml", renamed("b", "a", "x")), files("a.yaml", one), holding(t, one), nil, false,
			[]string{"replace b: this change", "delete a: this change"},
			"",
		},
		"renamed here, drift before": {
			files("b.yaml", renamed("b", "a", "x")), files("a.yaml", two), holding(t, one), nil, false,
			[]string{"replace b: this change, also on base", "delete a: this change, also on base"},
			"",
		},
		"renamed on the base, edited here": {
			files("b.yaml", renamed("b", "a", "y")), files("b.yaml", renamed("b", "a", "x")), holding(t, one), earlier(nil, one), false,
			[]string{"replace b: this change, also on base", "delete a: already pending"},
			"",
		},
		"renamed on the base": {
			files("b.yaml", renamed("b", "a", "x")), files("b.yaml", renamed("b", "a", "x")), holding(t, three), earlier(nil, one), false,
			[]string{"replace b: already pending", "delete a: drift"},
			"",
		},
		"the old role goes, on the base": {
			files("b.yaml", renamed("b", "a", "x")), files("b.yaml", renamed("b", "a", "x")), holding(t, one, text("b", "x")), earlier(nil, one), false,
			[]string{"delete a: already pending"},
			"",
		},
		"the base declares nothing yet": {files("a.yaml", two), source{}, holding(t, one), nil, false, []string{"update a: this change"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			base, err := reconcile.LoadBase(aCommit, test.base, manifest.Options{})
			if err != nil {
				t.Fatal(err)
			}
			base.Earlier = test.earlier
			o := options()
			o.Base, o.Prune, o.Lift.AllowEmpty = base, test.prune, true
			p, err := reconcile.Plan(t.Context(), parsed(t, test.head), test.account, o)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, causes(p)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if p.Source.Base != aCommit || p.Source.BaseNote != test.note {
				t.Errorf("%+v", p.Source)
			}
			if _, err := plan.Decode(plan.Encode(p)); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestCausesResourceCategory: what a file does not say of the category, it leaves alone.
func TestCausesResourceCategory(t *testing.T) {
	t.Parallel()
	a := holding(t, text("a", "one"))
	l := a.roles["a"]
	l.ResourceCategory = "project"
	a.roles["a"] = l
	base, err := reconcile.LoadBase(aCommit, files("a.yaml", text("a", "two")), manifest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	base.Earlier = earlier(nil, text("a", "one"))
	o := options()
	o.Base = base
	p, err := reconcile.Plan(t.Context(), base.Workspace, a, o)
	if diff := cmp.Diff([]string{"update a: already pending"}, causes(p)); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
}

// TestBaseWithErrors: nothing is said of causes, and the plan is made all the same.
func TestBaseWithErrors(t *testing.T) {
	t.Parallel()
	base, err := reconcile.LoadBase(aCommit, files("a.yaml", "kind: Role\nkey: [\n"), manifest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	o := options()
	o.Base = base
	p, err := reconcile.Plan(t.Context(), parsed(t, files("a.yaml", text("a", "x"))), empty(), o)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"create a: "}, causes(p)); diff != "" {
		t.Error(diff)
	}
	if note := p.Source.BaseNote; !strings.HasPrefix(note, "the files of the base have errors (a.yaml:") || !strings.HasSuffix(note, "causes are not known") {
		t.Errorf("%q", note)
	}
	if _, err := reconcile.PlanOffline(base.Workspace, base, options()); err == nil || !strings.Contains(err.Error(), "nothing to compare with") {
		t.Errorf("%v", err)
	}
}

// nowhere is a source that cannot be listed.
type nowhere struct{ source }

func (nowhere) ReadDir(string) ([]fs.DirEntry, error) { return nil, errors.New("no list") }

func TestLoadBaseUnreadable(t *testing.T) {
	t.Parallel()
	if b, err := reconcile.LoadBase(aCommit, nowhere{files()}, manifest.Options{}); err == nil {
		t.Errorf("%+v", b)
	}
}

func TestCausesInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	base, err := reconcile.LoadBase(aCommit, files("a.yaml", text("a", "one")), manifest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	base.Earlier = func(yield func([]byte, error) bool) {
		cancel()
		yield(nil, ctx.Err())
	}
	o := options()
	o.Base = base
	if _, err := reconcile.Plan(ctx, base.Workspace, holding(t, text("a", "two")), o); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestPlanOffline(t *testing.T) {
	t.Parallel()
	head := parsed(t, files("a.yaml", text("a", "two"), "b.yaml", text("b", "same"), "c.yaml", text("c", "new"), "d.yaml", tombstone("d"), "e.yaml", tombstone("e")))
	base, err := reconcile.LoadBase(aCommit,
		files("a.yaml", text("a", "one"), "b.yaml", text("b", "same"), "d.yaml", text("d", "old"), "e.yaml", tombstone("e"), "f.yaml", text("f", "x")), manifest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	o := options()
	o.Semantics = new(policy.DefaultSemantics())
	p, err := reconcile.PlanOffline(head, base, o)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"create c: this change", "update a: this change", "delete d: this change"}, causes(p)); diff != "" {
		t.Error(diff)
	}
	if !p.Source.Offline || p.Source.Base != aCommit || p.Unchanged != 1 || len(p.Unmanaged) != 1 || p.Changes[0].Access == nil {
		t.Errorf("%+v", p)
	}
	back, err := plan.Decode(plan.Encode(p))
	if err != nil || !errors.Is(back.Appliable(), plan.ErrOffline) {
		t.Errorf("%v", err)
	}
	base.Workspace.Config.Manage.Roles.Ignore = []string{"b"}
	if p, err = reconcile.PlanOffline(head, base, o); err != nil || p.Summary.Create != 2 || p.Unchanged != 0 {
		t.Errorf("with a role that the base left alone: %+v, %v", p.Summary, err)
	}
	base.Workspace = nil
	if p, err = reconcile.PlanOffline(head, base, o); err != nil || p.Summary.Create != 3 || p.Summary.Total() != 3 {
		t.Errorf("without a workspace at the base: %+v, %v", p.Summary, err)
	}
}

// story is what became of a workspace: versions of its files, the last but one the base's and the
// last the pull request's.
type story []map[string]string

func stories() *rapid.Generator[story] {
	return rapid.Custom(func(t *rapid.T) story {
		var s story
		for range rapid.IntRange(2, 5).Draw(t, "versions") {
			version := map[string]string{}
			for _, key := range []string{"a", "b", "c", "d"} {
				says := rapid.SampledFrom([]string{"1", "2", "3", "", "absent"}).Draw(t, key)
				switch says {
				case "":
				case "absent":
					version[key+".yaml"] = tombstone(key)
				default:
					version[key+".yaml"] = text(key, says)
				}
			}
			s = append(s, version)
		}
		return s
	})
}

func (s story) at(t testing.TB, i int) *manifest.Workspace {
	var pairs []string
	for name, data := range s[i] {
		pairs = append(pairs, name, data)
	}
	return parsed(t, files(pairs...))
}

func (s story) base(t testing.TB) *reconcile.Base {
	b := &reconcile.Base{Commit: aCommit, Workspace: s.at(t, len(s)-2)}
	var contents []string
	for _, version := range slices.Backward(s[:len(s)-2]) {
		contents = slices.AppendSeq(contents, maps.Values(version))
	}
	b.Earlier = earlier(nil, contents...)
	return b
}

// TestLawCauses, over every story: the base changes nothing of the plan but the causes; where the
// account holds what the base says, every change is this one's; where the account is anywhere in
// the story, nothing has drifted; and files that are the base's change nothing themselves.
func TestLawCauses(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		s := stories().Draw(rt, "story")
		applied := rapid.IntRange(0, len(s)-2).Draw(rt, "applied")
		byHand := rapid.SampledFrom([]string{"", "a", "b"}).Draw(rt, "by hand")
		same := rapid.Bool().Draw(rt, "same files")
		if same {
			s[len(s)-1] = s[len(s)-2]
		}
		o := options()
		o.Lift.AllowEmpty, o.Prune = true, rapid.Bool().Draw(rt, "prune")
		a := empty()
		for i := range applied + 1 {
			perform(t, s.at(t, i), a, o)
		}
		if l, there := a.roles[byHand]; there {
			l.Description = "by hand"
			a.roles[byHand] = l
		}
		bare, err := reconcile.Plan(t.Context(), s.at(t, len(s)-1), a, o)
		if err != nil {
			rt.Fatal(err)
		}
		o.Base = s.base(t)
		p, err := reconcile.Plan(t.Context(), s.at(t, len(s)-1), a, o)
		if err != nil {
			rt.Fatal(err)
		}
		if p.PlanHash != bare.PlanHash || len(p.Changes) != len(bare.Changes) || bare.Same(p) != nil && len(p.Blocks) == 0 {
			rt.Fatalf("another plan: %v, %v", causes(p), causes(bare))
		}
		for _, c := range p.Changes {
			edited := c.Before != nil && c.Before.Description == "by hand"
			switch {
			case c.Cause == "":
				rt.Fatalf("no cause: %v", causes(p))
			case applied == len(s)-2 && !edited && c.Cause != plan.ThisChange:
				rt.Fatalf("the account holds the base: %v", causes(p))
			case same && c.Cause == plan.ThisChange:
				rt.Fatalf("nothing was edited: %v", causes(p))
			case !edited && c.Cause == plan.Drift:
				rt.Fatalf("nobody edited the account: %v", causes(p))
			case edited && c.Cause == plan.AlreadyPending:
				rt.Fatalf("the account was edited: %v", causes(p))
			}
		}
	})
}

// perform makes an account hold what files say.
func perform(t testing.TB, ws *manifest.Workspace, a *account, o reconcile.Options) {
	t.Helper()
	p, err := reconcile.Plan(t.Context(), ws, a, o)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range p.Changes {
		if c.After == nil {
			delete(a.roles, c.Key)
			continue
		}
		a.roles[c.Key] = role.Live{Role: *c.After, ID: "id-of-" + c.Key}
	}
}
