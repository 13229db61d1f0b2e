package reconcile_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/rolewright/rolewright/reconcile"
	"github.com/rolewright/rolewright/reconcile/apply"
	"github.com/rolewright/rolewright/reconcile/emulator"
	"github.com/rolewright/rolewright/reconcile/launchdarkly"
	"github.com/rolewright/rolewright/reconcile/manifest"
)

// justBefore makes an edit in the moment before the first PATCH arrives.
type justBefore struct {
	http.RoundTripper
	edit func()
}

func (j *justBefore) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodPatch && j.edit != nil {
		j.edit()
		j.edit = nil
	}
	return j.RoundTripper.RoundTrip(r)
}

// TestEditInTheSameMoment: LaunchDarkly takes no condition with the patch of a team, so what somebody
// sets between the reading and the patch is written over; the result says that there was somebody.
func TestEditInTheSameMoment(t *testing.T) {
	for name, edit := range map[string]func(*emulator.Emulator) error{
		"nobody": func(*emulator.Emulator) error { return nil },
		"somebody": func(e *emulator.Emulator) error {
			return e.EditTeam("web", func(t *emulator.Team) { t.Name = "Theirs" })
		},
	} {
		emu, err := emulator.New(emulator.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := emu.AddTeam(emulator.Team{Key: "web", Name: "Web"}); err != nil {
			t.Fatal(err)
		}
		ws := parsed(t, source{files("a.yaml", text("a", "x"), "web.yaml", "kind: Team\nkey: web\nname: Ours\n", manifest.ConfigFile,
			config+"manage: {teams: {include: [\"*\"]}}\n").MapFS})
		p, err := reconcile.Plan(t.Context(), ws, connect(t, launchdarkly.Options{Transport: emulator.Transport(emu), ReadOnly: true}), options())
		if err != nil {
			t.Fatal(err)
		}
		meanwhile := &justBefore{RoundTripper: emulator.Transport(emu), edit: func() {
			if err := edit(emu); err != nil {
				t.Error(err)
			}
		}}
		res := reconcile.Apply(t.Context(), p, ws, connect(t, launchdarkly.Options{Transport: meanwhile}), orgApply(0))
		told := false
		for _, o := range res.Changes {
			told = told || strings.Contains(o.Note, "somebody else edited it in the same moment (2 edits were counted)")
		}
		if res.ExitReason != apply.ReasonApplied || told != (name == "somebody") {
			t.Errorf("%s: %s %s, %+v", name, res.ExitReason, res.Error, res.Changes)
		}
	}
}
