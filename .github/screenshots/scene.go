package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/report"
)

// An edit puts one text in the place of another in a file; an empty old text makes the file.
type edit struct{ file, old, new string }

// clicked is what somebody changed in LaunchDarkly's web page, without a file.
var clicked = []edit{{
	"roles/releases.yaml", `    actions: [updateAlertOn]
`, `    actions: [deleteAlert, updateAlertOn]
`,
}}

// proposed is the pull request: a squad gets production, a lock loses a tag, a role is split into
// more statements without any difference, one is new and one goes.
var proposed = []edit{
	{"roles/web-shop.yaml", "proj/web:env/*;{critical:false}:flag/*;view:", "proj/web:env/*:flag/*;view:"},
	{"roles/payments.yaml", `"proj/payments:env/*:flag/*;pci", "proj/payments:env/*:flag/*;security-reviewed"`, `"proj/payments:env/*:flag/*;pci"`},
	{"roles/releases.yaml", `    resources: ["proj/web", "proj/mobile-*"]
`, `    resources: ["proj/web"]
  - effect: allow
    actions: [viewProject]
    resources: ["proj/mobile-*"]
`},
	{"roles/retired.yaml", "key: summer-interns\nstate: absent\n", "key: summer-interns\nstate: absent\n---\nkind: Role\nkey: support\nstate: absent\n"},
	{"teams/web.yaml", "customRoles: [support]", "customRoles: []"},
	{"roles/checkout.yaml", "", `# yaml-language-server: $schema=../.rolewright/role.schema.json
kind: Role
key: checkout-viewer
name: Checkout viewer
description: Sees the web shop and its metrics.
basePermissions: no_access
resourceCategory: project
policy:
  - effect: allow
    actions: [viewProject]
    resources: ["proj/web"]
`},
}

// comment plays the scene in a repository of its own and returns the comment that it ends in.
func comment(temp string) (string, error) {
	binary, repo := filepath.Join(temp, "rolewright"), filepath.Join(temp, "access")
	if err := command(".", "go", "build", "-o", binary, "./cmd/rolewright"); err != nil {
		return "", err
	}
	if err := os.CopyFS(repo, os.DirFS("examples/acme")); err != nil {
		return "", err
	}
	s := scene{repo: repo, binary: binary}
	s.change(edit{"rolewright.yaml", "{host: app.launchdarkly.com}", "{emulator: .rolewright/production.db}"})
	s.change(edit{"rolewright.yaml", "defaultTarget: local", "defaultTarget: production"})
	s.git("init", "-q", "-b", "main")
	s.commit("roles")
	s.run(binary, "apply", "--auto-approve")
	s.change(clicked...)
	s.run(binary, "apply", "--auto-approve")
	s.git("checkout", "-q", "--", ".")
	s.git("checkout", "-q", "-b", "pull-request")
	s.move("roles/web-shop.yaml", "kind: Role\nkey: support\n")
	s.change(proposed...)
	s.commit("change")
	s.run(binary, "plan", "--base", "main", "-o", "../plan.json")
	return s.drawn(filepath.Join(temp, "plan.json"))
}

// scene runs one command after the other until one fails.
type scene struct {
	repo, binary string
	err          error
}

func (s *scene) run(name string, args ...string) {
	if s.err != nil {
		return
	}
	cmd := exec.Command(name, args...)
	cmd.Dir = s.repo
	cmd.Env = append(os.Environ(), "GITHUB_ACTIONS=", "GITHUB_SHA=")
	if out, err := cmd.CombinedOutput(); err != nil {
		s.err = fmt.Errorf("%s %s: %w\n%s", filepath.Base(name), strings.Join(args, " "), err, out)
	}
}

func (s *scene) git(args ...string) {
	s.run("git", append([]string{"-c", "user.name=Ana", "-c", "user.email=ana@example.com"}, args...)...)
}

func (s *scene) commit(message string) {
	s.git("add", ".")
	s.git("commit", "-q", "-m", message)
}

func (s *scene) change(edits ...edit) {
	for _, e := range edits {
		if s.err == nil {
			s.err = e.make(s.repo)
		}
	}
}

func (e edit) make(repo string) error {
	file := filepath.Join(repo, filepath.FromSlash(e.file))
	if e.old == "" {
		return os.WriteFile(file, []byte(e.new), 0o644)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if !strings.Contains(string(data), e.old) {
		return fmt.Errorf("%s does not hold %q: the example has moved on", e.file, e.old)
	}
	return os.WriteFile(file, []byte(strings.Replace(string(data), e.old, e.new, 1)), 0o644)
}

// move takes the document that begins so out of a file.
func (s *scene) move(name, begin string) {
	file := filepath.Join(s.repo, filepath.FromSlash(name))
	data, err := os.ReadFile(file)
	if err != nil || s.err != nil {
		s.err = err
		return
	}
	docs := strings.Split(string(data), "---\n")
	var left []string
	for _, doc := range docs {
		if !strings.HasPrefix(doc, begin) {
			left = append(left, doc)
		}
	}
	s.err = os.WriteFile(file, []byte(strings.Join(left, "---\n")), 0o644)
}

// drawn draws the saved plan as the comment, with the place and time of an invented pull request.
func (s *scene) drawn(file string) (string, error) {
	if s.err != nil {
		return "", s.err
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	p, err := plan.Decode(data)
	if err != nil {
		return "", err
	}
	p.Target.Host, p.Target.AccountID, p.PlanHash = "app.launchdarkly.com", "5f2a91c07e5a4f0a8f1b2c3d", "sha256:7be1c0d2a9f8"
	p.GeneratedAt = time.Date(2026, 11, 23, 10, 41, 0, 0, time.UTC).Format(time.RFC3339)
	return report.Comment(p, report.Page{
		ServerURL: "https://github.com", Repository: "acme/access", RunURL: "https://github.com/acme/access/actions/runs/17283940112",
		Head: strings.Repeat("9c1f0e2a", 5), Base: strings.Repeat("41aa9be7", 5),
	}, 60_000), nil
}
