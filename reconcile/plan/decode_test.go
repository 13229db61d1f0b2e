package plan_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rolewright/rolewright/reconcile/internal/fuzzing"
	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/role"
)

// small is a plan with a create and an update.
func small() *plan.Plan {
	return plan.Make(
		[]role.Desired{want("a"), want("b", wantPolicy("allow viewProject,updateTags on proj/*"))},
		[]role.Live{there("b", func(l *role.Live) { l.Extra = map[string]json.RawMessage{"x": json.RawMessage(`{"y":1}`)} }), there("c")},
		lenient())
}

// crafted returns the small plan after an edit, with the sum over the file made anew.
func crafted(edit func(*plan.Plan)) []byte {
	p := small()
	edit(p)
	plan.Redigest(p)
	return plan.Encode(p)
}

// sealed is crafted with every sum made anew.
func sealed(edit func(*plan.Plan)) []byte {
	return crafted(func(p *plan.Plan) {
		edit(p)
		plan.Seal(p)
	})
}

// swapped returns the small plan's file with one text in it replaced.
func swapped(old, new string) []byte {
	data := plan.Encode(small())
	if !bytes.Contains(data, []byte(old)) {
		panic("not in the plan: " + old)
	}
	return bytes.Replace(data, []byte(old), []byte(new), 1)
}

// hostile are the files of the corpus, by name: rows P01 and P08 of the bad-input tables, and
// what else Decode must not believe. Change 0 of the small plan creates a, change 1 updates b.
func hostile() map[string][]byte {
	good := plan.Encode(small())
	return map[string][]byte{
		"form-empty":             nil,
		"form-text":              []byte("not a plan\n"),
		"form-null":              []byte("null\n"),
		"form-list":              []byte("[]\n"),
		"form-object":            []byte("{}\n"),
		"form-result":            []byte(`{"formatVersion": "1.0", "verified": true}` + "\n"),
		"form-cut":               good[:len(good)/2],
		"form-trailing-text":     append(bytes.Clone(good), "x\n"...),
		"form-two-plans":         append(bytes.Clone(good), good...),
		"form-byte-order-mark":   append([]byte("\ufeff"), good...),
		"form-version-later":     swapped(`"formatVersion": "1.0"`, `"formatVersion": "1.1"`),
		"form-version-number":    swapped(`"formatVersion": "1.0"`, `"formatVersion": 1.0`),
		"form-version-null":      swapped(`"formatVersion": "1.0"`, `"formatVersion": null`),
		"form-unknown-field":     swapped(`"complete": true,`, `"complete": true, "approved": true,`),
		"form-unknown-in-change": swapped(`"phase": "create",`, `"phase": "create", "force": true,`),
		"form-unknown-in-role":   swapped(`"name": "Role a",`, `"name": "Role a", "_id": "x",`),
		"form-wrong-type":        swapped(`"index": 0`, `"index": "0"`),
		"form-huge-number":       swapped(`"unchanged": 0`, `"unchanged": 1e999`),

		"P01-name":              swapped(`"name": "Role a",`, `"name": "Role b",`),
		"P01-white-space":       swapped(`"complete": true,`, `"complete":  true,`),
		"P01-no-last-line-feed": bytes.TrimSpace(good),
		"P01-letter-case":       swapped(`"complete": true,`, `"Complete": true,`),
		"P01-escape":            swapped(`"name": "Role a",`, `"name": "Rol\u0065 a",`),
		"P01-file-digest":       swapped(`"fileDigest": "sha256:`, `"fileDigest": "sha256:0`),
		"P01-null-list":         swapped(`"skipped": []`, `"skipped": null`),
		"P01-repeated-key":      swapped(`"complete": true,`, `"complete": false, "complete": true,`),
		"P01-repeated-in-extra": swapped(`"y": 1`, `"y": 2, "y": 1`),
		"P01-repeated-and-huge": swapped(`"y": 1`, `"y": 1e999, "y": 1e999`),
		"P01-invalid-utf8":      swapped(`"name": "Role a",`, "\"name\": \"Role \xff\","),

		"P08-added-by-hand": crafted(func(p *plan.Plan) {
			p.Changes = append(p.Changes, plan.Make(nil, []role.Live{there("c")}, pruning()).Changes...)
		}),
		"P08-changes-dropped": crafted(func(p *plan.Plan) { p.Changes = p.Changes[:1] }),
		"P08-plan-hash":       crafted(func(p *plan.Plan) { p.PlanHash = "sha256:00" }),
		"P08-target":          crafted(func(p *plan.Plan) { p.Target.AccountID = "other" }),
		"P08-scope":           crafted(func(p *plan.Plan) { p.Scope.Roles.Ignore = []string{"b"} }),
		"P08-summary":         crafted(func(p *plan.Plan) { p.Summary.Delete = 1 }),
		"P08-exit-reason":     crafted(func(p *plan.Plan) { p.ExitReason = plan.NoChanges }),
		"P08-block-dropped":   crafted(func(p *plan.Plan) { p.ExitReason = plan.Blocked }),
		"P08-after":           sealed(func(p *plan.Plan) { p.Changes[0].After.Policy = policy("allow * on *") }),
		"P08-before":          sealed(func(p *plan.Plan) { p.Changes[1].Before.Name = "x" }),
		"P08-before-digest":   sealed(func(p *plan.Plan) { p.Changes[1].BeforeDigest = small().Changes[0].AfterDigest }),
		"P08-after-digest":    sealed(func(p *plan.Plan) { p.Changes[0].AfterDigest = "" }),
		"P08-statements":      sealed(func(p *plan.Plan) { p.Changes[1].Statements.Changed = []plan.StatementChange{} }),
		"P08-fields":          sealed(func(p *plan.Plan) { p.Changes[0].Fields = p.Changes[0].Fields[:1] }),
		"P08-assigned":        sealed(func(p *plan.Plan) { p.Changes[1].Assigned = &role.Assigned{Members: 1} }),
		"P08-role-id":         sealed(func(p *plan.Plan) { p.Changes[1].RoleID = id("c") }),
		"P08-phase":           sealed(func(p *plan.Plan) { p.Changes[1].Phase = plan.PhaseDelete }),
		"P08-phase-unknown":   sealed(func(p *plan.Plan) { p.Changes[1].Phase = "soon" }),
		"P08-id":              sealed(func(p *plan.Plan) { p.Changes[0].ID = "create/role/z" }),
		"P08-kind":            sealed(func(p *plan.Plan) { p.Changes[0].Kind = "team" }),
		"P08-action":          sealed(func(p *plan.Plan) { p.Changes[0].Action = plan.Delete }),
		"P08-action-unknown":  sealed(func(p *plan.Plan) { p.Changes[0].Action = "adopt" }),
		"P08-update-of-other": sealed(func(p *plan.Plan) { p.Changes[1].After.Key = "c" }),
		"P08-replace-of-same": sealed(func(p *plan.Plan) { p.Changes[1].Action = plan.Replace }),
		"P08-replaces":        sealed(func(p *plan.Plan) { p.Changes[1].Replaces = "c" }),
		"P08-key":             sealed(func(p *plan.Plan) { p.Changes[0].Key = "c" }),
		"P08-out-of-order":    sealed(func(p *plan.Plan) { slices.Reverse(p.Changes) }),
		"P08-twice":           sealed(func(p *plan.Plan) { p.Changes = append(p.Changes, p.Changes[1]) }),
		"P08-made-and-deleted": sealed(func(p *plan.Plan) {
			p.Changes = append(p.Changes, plan.Make(nil, []role.Live{there("a")}, pruning()).Changes...)
		}),
		"P08-key-for-a-path":   sealed(func(p *plan.Plan) { p.Changes = made("../../members/x") }),
		"P08-old-key-for-path": sealed(func(p *plan.Plan) { p.Changes = replaced("a", "../../members/x") }),
	}
}

// made returns the change that creates a role, whatever its key is.
func made(key string) []plan.Change {
	return renamed(plan.Make([]role.Desired{want("x")}, nil, lenient()), "x", key)
}

// replaced returns the change that puts one role in another's place, whatever the old key is.
func replaced(key, old string) []plan.Change {
	p := plan.Make([]role.Desired{want(key, previously("old-key"))}, []role.Live{there("old-key", held(1, 0))}, lenient())
	return renamed(p, "old-key", old)
}

// renamed returns the changes of p with another key and the digests that go with it.
func renamed(p *plan.Plan, from, to string) []plan.Change {
	c := p.Changes[0]
	if c.Before != nil {
		c.Before.Key = to
		c.Replaces, c.BeforeDigest = to, c.Before.Digest()
		return []plan.Change{c}
	}
	c.After.Key = to
	c.Key, c.ID, c.AfterDigest = to, strings.TrimSuffix(c.ID, from)+to, c.After.Digest()
	return []plan.Change{c}
}

// TestCorpus reads every file of the corpus: each must be refused for the reason that stands next
// to it.
func TestCorpus(t *testing.T) {
	t.Parallel()
	dir := filepath.Join("testdata", "corpus", "P")
	if *update {
		writeCorpus(t, dir)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil || len(files) < len(hostile()) {
		t.Fatalf("%d files in the corpus, %d are known: %v", len(files), len(hostile()), err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile(strings.TrimSuffix(file, ".json") + ".err")
		if err != nil {
			t.Fatal(err)
		}
		if got := told(plan.Decode(data)); got != string(want) {
			t.Errorf("%s:\n got %s\nwant %s", file, got, want)
		}
	}
	t.Logf("%d plan files refused", len(files))
}

func writeCorpus(t *testing.T, dir string) {
	t.Helper()
	for name, data := range hostile() {
		for file, content := range map[string][]byte{".json": data, ".err": []byte(told(plan.Decode(data)))} {
			if err := os.WriteFile(filepath.Join(dir, name+file), content, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// told tells the type of an error and its text.
func told(p *plan.Plan, err error) string {
	if p != nil {
		return "a plan\n"
	}
	return fmt.Sprintf("%T: %v\n", err, err)
}

// TestEveryByte is row P01: it changes each byte of a plan file, and drops and doubles some.
func TestEveryByte(t *testing.T) {
	t.Parallel()
	bare := want("a", func(d *role.Desired) { d.Policy = nil })
	good := plan.Encode(plan.Make([]role.Desired{bare}, nil, lenient()))
	refused := 0
	for i := range good {
		bad := [][]byte{slices.Concat(good[:i], []byte{good[i] ^ 1}, good[i+1:])}
		if i%7 == 0 {
			bad = append(bad, slices.Concat(good[:i], good[i+1:]), slices.Concat(good[:i], good[i:i+1], good[i:]))
		}
		for _, data := range bad {
			if _, err := plan.Decode(data); !ours(err) {
				t.Fatalf("byte %d: %v\n%s", i, err, data)
			}
			refused++
		}
	}
	t.Logf("%d files refused", refused)
}

// ours reports whether err is one of the two errors that Decode may give.
func ours(err error) bool {
	var form *plan.FormatError
	var altered *plan.AlteredError
	return errors.As(err, &form) || errors.As(err, &altered)
}

// TestHugeNumber: a value of an unknown field is kept as it stands, however large.
func TestHugeNumber(t *testing.T) {
	t.Parallel()
	huge := func(p *plan.Plan) {
		p.Changes[1].Before.Extra["x"] = json.RawMessage(`{"y":1e999}`)
		p.Changes[1].BeforeDigest = p.Changes[1].Before.Digest()
	}
	if _, err := plan.Decode(sealed(huge)); err != nil {
		t.Error(err)
	}
}

func TestDecodeTooLarge(t *testing.T) {
	t.Parallel()
	_, err := plan.Decode(make([]byte, plan.MaxFile+1))
	var form *plan.FormatError
	if !errors.As(err, &form) || !strings.Contains(err.Error(), "64 MiB") {
		t.Errorf("error %v", err)
	}
}

func TestDecodeOtherVersionHints(t *testing.T) {
	t.Parallel()
	_, err := plan.Decode([]byte(`{"formatVersion":"2.0"}`))
	var form *plan.FormatError
	if !errors.As(err, &form) || form.Hint == "" {
		t.Errorf("error %#v", err)
	}
}

// TestSealedByHand shows the limit of sums, and what stands behind them: who makes them all anew
// gets a plan that reads well, and that planning anew refuses.
func TestSealedByHand(t *testing.T) {
	t.Parallel()
	forged, err := plan.Decode(sealed(func(p *plan.Plan) {
		p.Changes = append(p.Changes, plan.Make(nil, []role.Live{there("c")}, pruning()).Changes...)
	}))
	if err != nil {
		t.Fatal(err)
	}
	var stale *plan.StaleError
	if err := forged.Same(small()); !errors.As(err, &stale) || !strings.Contains(err.Error(), `delete role "c" is no longer to do`) {
		t.Errorf("error %v", err)
	}
}

func TestEncode(t *testing.T) {
	t.Parallel()
	data := plan.Encode(richPlan())
	if !bytes.HasSuffix(data, []byte("}\n")) || bytes.Contains(data, []byte(`\u003c`)) || !bytes.Contains(data, []byte("<&>")) {
		t.Error("not indented JSON that ends in a line feed and keeps <, & and >")
	}
}

func TestEncodeBrokenJSON(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("a plan with broken JSON in it was encoded")
		}
	}()
	p := small()
	p.Changes[1].Before.Extra["x"] = json.RawMessage(`{`)
	plan.Encode(p)
}

// TestListsAreNotNull looks for null in every plan's JSON: only a role that is not there is null.
func TestListsAreNotNull(t *testing.T) {
	t.Parallel()
	for _, p := range []*plan.Plan{richPlan(), small(), plan.Make(nil, nil, plan.Options{}), plan.Unfinished(plan.Options{}, "network")} {
		for line := range strings.Lines(string(plan.Encode(p))) {
			if strings.Contains(line, "null") && !strings.Contains(line, `"before": null`) && !strings.Contains(line, `"after": null`) {
				t.Errorf("null in %s", line)
			}
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(plan.Encode(richPlan()))
	for _, data := range hostile() {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		defer fuzzing.Timed(t)()
		p, err := plan.Decode(data)
		if err != nil {
			if !ours(err) || p != nil {
				t.Fatalf("plan %v, error %T: %v", p, err, err)
			}
			return
		}
		if !bytes.Equal(data, plan.Encode(p)) {
			t.Fatalf("other bytes than those of\n%s", data)
		}
	})
}
