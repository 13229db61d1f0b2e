package reconcile

import (
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/lint"
	"github.com/rolewright/rolewright/reconcile/manifest"
)

// Checked is a workspace with all that can be said of it.
type Checked struct {
	*manifest.Workspace
	Findings []diag.Finding // sorted; the workspace may be planned only if none is an error
	// Allowed are the findings that the files say are meant.
	Allowed []lint.Allowed
	// NotRun are the codes of the rules that have to know more than files.
	NotRun []string
}

// Check reads the workspace at root and judges its files. The error is for a workspace that could
// not be read at all.
func Check(root string, o manifest.Options) (*Checked, error) {
	ws, findings, err := manifest.Load(root, o)
	if err != nil {
		return nil, err
	}
	return Judge(ws, findings, lint.Input{}), nil
}

// Judge lints a workspace of which findings were said before. What in knows of the account is used;
// files and settings are those of the workspace.
func Judge(ws *manifest.Workspace, before []diag.Finding, in lint.Input) *Checked {
	return judge(ws, before, in, nil)
}

// judge is Judge without some rules.
func judge(ws *manifest.Workspace, before []diag.Finding, in lint.Input, without []string) *Checked {
	in.Files = lint.Files{Roles: ws.Roles, Teams: ws.Teams, Members: ws.Members}
	disable := ws.Config.Lint.Disable
	settings, wrong := lintSettings(ws.Config)
	in.Settings = settings
	result := lint.RunAll(in, slices.Concat(disable, without))
	result.NotRun = append(result.NotRun, without...)
	parted := lint.Suppress(lint.Suppression{
		Findings: result.Findings, Allows: ws.Allows, Files: in.Files,
		NotRun: slices.Concat(result.NotRun, disable), Unsound: diag.HasErrors(before),
	})
	linted := append(append(parted.Findings, wrong...), lint.CheckDisabled(disable, func(i int) diag.Position {
		return ws.Config.Pos[fmt.Sprintf("/lint/disable/%d", i)]
	})...)
	linted = unsaid(linted, before)
	ws.Quote(linted)
	all := slices.Concat(before, linted)
	diag.Sort(all)
	return &Checked{Workspace: ws, Findings: all, Allowed: parted.Allowed, NotRun: result.NotRun}
}

// lintSettings returns what rolewright.yaml says of the rules; what it leaves out is theirs. A box
// that cannot be read is a finding, and left out.
func lintSettings(c manifest.Config) (lint.Settings, []diag.Finding) {
	var wrong []diag.Finding
	s := lint.DefaultSettings()
	if c.Lint.Administrative != nil {
		s.Administrative = c.Lint.Administrative
	}
	if c.Lint.Wide != nil {
		s.WideBoxes = []string{}
	}
	for i, box := range c.Lint.Wide {
		bad := lint.CheckSettings(lint.Settings{WideBoxes: []string{box}})
		if len(bad) == 0 {
			s.WideBoxes = append(s.WideBoxes, box)
			continue
		}
		wrong = append(wrong, diag.Finding{
			Severity: diag.Error, Code: "config/wide", Message: bad[0].Error(), Hint: "write \"ACTION on SPECIFIER\", as \"* on proj/*:env/*;{critical:true}:flag/*\"",
			Pos: c.Pos[fmt.Sprintf("/lint/wide/%d", i)], Length: utf8.RuneCountInString(box),
		})
	}
	s.MinAdmins = c.Guards.MinAdmins
	if month := c.Lint.NewSince; len(lint.CheckSettings(lint.Settings{NewSince: month})) == 0 { // else the schema has spoken
		s.NewSince = month
	}
	return s, wrong
}
