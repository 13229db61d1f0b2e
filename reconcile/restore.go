package reconcile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/apply"
	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/manifest"
	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/role"
)

// LaunchDarkly's delete takes no condition and leaves nothing behind, so an apply keeps in its result
// what it deleted. To restore a role is to plan and apply a workspace that wants this one role and has
// no say in anything else: every guard looks at it as it would at a role in a file.

// Kept is a role as it was just before an apply deleted it.
type Kept struct {
	role.Live
	// Target is the account that it was deleted from.
	Target plan.Target
	// File is where it was kept, for whoever is told of it.
	File string
}

// DecodeKept reads, from the JSON of an apply's result, the role that it deleted under key. It trusts
// nothing in it but what only its writer can know.
func DecodeKept(data []byte, key string) (*Kept, error) {
	result, err := decodeResult(data)
	if err != nil {
		return nil, err
	}
	var others []string
	for _, out := range result.Changes {
		if out.Action != plan.Delete || out.Kind != plan.KindRole || out.Before == nil {
			continue
		}
		if out.Key != out.Before.Key || role.CheckKey(out.Key) != nil {
			return nil, fmt.Errorf("not the result of an apply: %q keeps a role with the key %q", out.Key, out.Before.Key)
		}
		if out.Key == key {
			return kept(*out.Before, result.Target)
		}
		others = append(others, out.Key)
	}
	return nil, notKept(key, others)
}

// decodeResult reads a result as package report writes it.
func decodeResult(data []byte) (*apply.Result, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	result := &apply.Result{}
	if err := dec.Decode(result); err != nil {
		return nil, fmt.Errorf("not the result of an apply: %s", strings.TrimPrefix(err.Error(), "json: "))
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("not the result of an apply: something follows it in the file")
	}
	if result.FormatVersion != apply.FormatVersion {
		return nil, fmt.Errorf("the result is of format %q, this version reads %q", result.FormatVersion, apply.FormatVersion)
	}
	if result.Target.AccountID == "" {
		return nil, errors.New("not the result of an apply: it names no account")
	}
	return result, nil
}

// kept refuses what cannot come back as it was.
func kept(l role.Live, target plan.Target) (*Kept, error) {
	switch {
	case l.Preset():
		return nil, fmt.Errorf("role %q was one of LaunchDarkly's presets, which can be added again in LaunchDarkly alone", l.Key)
	case l.BasePermissions == "":
		return nil, fmt.Errorf("role %q was kept without its base permissions, and LaunchDarkly's default is not always the same", l.Key)
	}
	return &Kept{Live: l, Target: target}, nil
}

func notKept(key string, others []string) error {
	slices.Sort(others)
	switch near := diag.Nearest(key, others); {
	case len(others) == 0:
		return fmt.Errorf("role %q is not kept in it: that apply deleted no role", key)
	case near != "":
		return fmt.Errorf("role %q is not kept in it; did you mean %q?", key, near)
	}
	return fmt.Errorf("role %q is not kept in it; it keeps %s", key, strings.Join(others, ", "))
}

// Only returns a workspace that wants k and has no say in anything else. Guards and lint rules are
// those of ws; its access tests are left out, since they are about what its files say.
func (k *Kept) Only(ws *manifest.Workspace) *manifest.Workspace {
	only := &manifest.Workspace{Root: ws.Root, Config: ws.Config, Digest: ws.Digest, Allows: ws.Allows}
	only.Config.Manage = manifest.Manage{Roles: role.Scope{Include: []string{k.Key}}}
	only.Roles = []role.Desired{{Role: k.Role, Source: role.Source{File: k.File, Pos: role.Pos{Line: 1, Column: 1}}}}
	return only
}

// Refusal says why p, a plan of [Kept.Only], does not restore k, or returns nil: either p creates the
// role and does nothing else, or it has nothing to do since the account holds the role as it was.
func (k *Kept) Refusal(p *plan.Plan) error {
	switch {
	case p.Target.AccountID != k.Target.AccountID:
		return &plan.StaleError{Reason: fmt.Sprintf("role %q was deleted from account %q, this is %q", k.Key, k.Target.AccountID, p.Target.AccountID)}
	case len(p.Changes) == 0 && p.Unchanged == 1:
		return nil
	case len(p.Changes) == 1 && p.Changes[0].Action == plan.Create:
		return nil
	}
	return fmt.Errorf("%w: role %q is in the account, and not as it was when it was deleted", plan.ErrBlocked, k.Key)
}

// Remarks say what does not come back with the role, and what the files of ws will do with it.
func (k *Kept) Remarks(ws *manifest.Workspace) []string {
	remarks := []string{"nobody holds it until it is given again: " + k.wereHolders() + "; access tokens that named it are not known"}
	if len(k.Extra) > 0 {
		var names []string
		for name := range k.Extra {
			names = append(names, name)
		}
		slices.Sort(names)
		remarks = append(remarks, "what this version does not know of a role does not come back: "+strings.Join(names, ", "))
	}
	return append(remarks, k.nextApply(ws))
}

func (k *Kept) wereHolders() string {
	if k.Assigned.None() {
		return "when it was deleted no member and no team held it"
	}
	return fmt.Sprintf("when it was deleted, members: %d, teams: %d", k.Assigned.Members, k.Assigned.Teams)
}

// nextApply says what an apply of the files would do with the role.
func (k *Kept) nextApply(ws *manifest.Workspace) string {
	i := slices.IndexFunc(ws.Roles, func(d role.Desired) bool { return d.Key == k.Key })
	by := slices.IndexFunc(ws.Roles, func(d role.Desired) bool { return slices.Contains(d.Previously, k.Key) })
	covered, _ := ws.Config.Manage.Roles.Covers(k.Key)
	switch {
	case !covered:
		return "it is outside of what rolewright.yaml manages: the files say nothing of it"
	case i >= 0 && ws.Roles[i].Absent:
		return fmt.Sprintf("%s:%d says that it is to be absent: the next apply deletes it again", ws.Roles[i].Source.File, ws.Roles[i].Source.Line)
	case i >= 0:
		return fmt.Sprintf("%s:%d declares it: the next apply makes it as that file says", ws.Roles[i].Source.File, ws.Roles[i].Source.Line)
	case by >= 0:
		return fmt.Sprintf("%s:%d has it under previously: the next apply deletes it again", ws.Roles[by].Source.File, ws.Roles[by].Source.Line)
	case ws.Config.Manage.Roles.Prune:
		return "no file declares it, and rolewright.yaml prunes: the next apply deletes it again"
	}
	return "no file declares it: rolewright export writes one"
}
