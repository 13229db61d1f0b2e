package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"

	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/emulator"
	"github.com/rolewright/rolewright/reconcile/github/githubtest"
)

var injections = flag.Int("injections", 100, "TestInjection: how many hostile strings are generated beside the fixed ones")

// hostileTexts are F01 to F17 of the bad-input corpus, the characters of its part A that can stand in
// an account, and what broke other tools.
var hostileTexts = []string{
	"x ``` y", "```````", "</details><h1>No changes</h1>", "a | b | c", "fixes #1 closes #2", "![x](https://evil.example/p.png)",
	"::error::fake", "##[error]fake", "%0A::add-mask::x", "$(id) `id` ${{ secrets.X }}", "<img src=x onerror=alert(1)>", "Merge approved by security ✅",
	"<!-- hidden", "-->", "@team", "[x](javascript:alert(1))", "https://evil.example", "a\n::error::fake", "::stop-commands::x", "a\r::add-mask::y", "\n\n# heading\n", "\n```\n", "~~~",
	"\x1b]8;;https://evil.example\aQA\x1b]8;;\a", "\x1b[2J\x1b[31m", "\u009b31m", "DELETE admin\rno changes   ", "QA\x00team", "\x7f", "a\tb", "a\vb", "a\u0085b", "a\u2028b", "a\u2029b", "a\u00a0b",
	"\u202e\u2066abc\u2069", "qa\u200b-team", "update\u00adOn", "\u3164", "\u2800", "\u115f\u1160", "\uffa0", "ok\U000e0041\U000e0042", "ok\U000e0100", "\ufe0f", "\u034f", "\u17b4", "\ufeff", "\ufffe", "\ue000", "\u0301acute",
	"]]>", "<![CDATA[", "&lt;b&gt; &#64;team", "\"", "'", "\\", `\|`, `\u{41}`, "a, b", "- name \"old\"", "=cmd|' /C calc'!A0", "EOF\nx=y", "x<<EOF", "../../etc/passwd", strings.Repeat("long words ", 40), " ",
}

// generated returns texts that are made of pieces of those and of any characters.
func generated(rng *rand.Rand, n int) (texts []string) {
	for range n {
		var b strings.Builder
		for range 1 + rng.IntN(6) {
			switch rng.IntN(3) {
			case 0:
				b.WriteString(hostileTexts[rng.IntN(len(hostileTexts)-2)])
			case 1:
				b.WriteRune(rune(rng.IntN(0x3000)))
			default:
				b.WriteString([]string{"\n", "`", "::", "##[", "<", "|", "\x1b[", "\r", "@", "*", "#", " "}[rng.IntN(12)])
			}
		}
		texts = append(texts, strings.ToValidUTF8(b.String(), "?"))
	}
	return texts
}

// hostileTown is a town that holds every text in every place: keys, names, descriptions and policies of
// roles, names of members, keys and names of teams. Its files ask for all of that to go.
func hostileTown(t *testing.T, texts []string, tell lie) *town {
	t.Helper()
	var more []emulator.Role
	for i, s := range texts {
		key := fmt.Sprintf("h%04d", i)
		if i%3 == 0 {
			key += s // nothing that the API takes, and so nothing that is ever put into a path
		}
		more = append(more, emulator.Role{
			ID: fmt.Sprintf("%024x", i+1), Key: key, Name: s + fmt.Sprint(i), Description: s, BasePermissions: "no_access",
			Policy: []emulator.Statement{{Effect: "allow", Actions: []string{"viewProject", s}, Resources: []string{"proj/*", s}}},
		})
	}
	s := newTown(t, 3, tell, more...)
	if err := s.emu.AddMember(emulator.Member{Email: "owner@example.com", Role: "owner"}); err != nil {
		t.Fatal(err)
	}
	for i, h := range texts {
		if i%7 > 0 {
			continue
		}
		for _, err := range []error{
			s.emu.AddMember(emulator.Member{Email: fmt.Sprintf("m%d@example.com", i), Role: "reader", FirstName: h, LastName: h, CustomRoles: []string{more[i].ID}}),
			s.emu.AddTeam(emulator.Team{Key: fmt.Sprintf("t%d", i), Name: h, Description: h, CustomRoles: []string{more[i].ID}, RoleAttributes: map[string][]string{"a": {h}}}),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	config := strings.Replace(peopledConfig, "manage:\n", "manage:\n  roles: {include: [\"h*\", \"o*\", fresh], prune: true}\n", 1) + "lint: {disable: [LD118]}\n"
	if err := os.WriteFile(filepath.Join(s.dir, "rolewright.yaml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	return s
}

// sinks counts what was looked at, and fails the test for what should not be there.
type sinks struct {
	t       *testing.T
	outputs map[string]int
}

// shown fails if a text holds anything that acts on a terminal or cannot be seen, or a line that
// GitHub's runner takes for a command.
func (k *sinks) shown(kind, where, out string) {
	k.t.Helper()
	k.outputs[kind]++
	for i, r := range out {
		if r != '\n' && !diag.Shown(r) {
			k.t.Fatalf("%s: %U in …%.200q", where, r, out[max(0, i-100):])
		}
	}
	for line := range strings.Lines(out) {
		if strings.HasPrefix(strings.TrimSpace(line), "::") || strings.Contains(line, "##[") {
			k.t.Fatalf("%s: a command: %q", where, line)
		}
	}
}

func (k *sinks) json(kind, where, out string) {
	k.t.Helper()
	k.shown(kind, where, out)
	if !json.Valid([]byte(out)) {
		k.t.Fatalf("%s: not JSON: %.300q", where, out)
	}
}

func (k *sinks) xml(where, out string) {
	k.t.Helper()
	k.shown("JUnit", where, out)
	for d := xml.NewDecoder(strings.NewReader(out)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if start, ok := token.(xml.StartElement); err != nil || ok && !slices.Contains([]string{"testsuites", "testsuite", "testcase", "failure", "error", "skipped", "system-out", "properties", "property"}, start.Name.Local) {
			k.t.Fatalf("%s: %v, %+v in %.300q", where, err, token, out)
		}
	}
}

var (
	ourTags  = regexp.MustCompile(`</?(details|details open|summary|b|code|sub|br)>|<!-- rolewright[^<>]*-->`)
	ourLinks = regexp.MustCompile(`^https://github\.com/acme/access/`)
)

// markdown fails if a page has a node that can only come from data.
func (k *sinks) markdown(kind, where, out string) {
	k.t.Helper()
	k.shown(kind, where, out)
	source := []byte(out)
	root := goldmark.New(goldmark.WithExtensions(extension.GFM)).Parser().Parse(text.NewReader(source))
	err := ast.Walk(root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		html := ""
		switch n := n.(type) {
		case *ast.Image, *ast.AutoLink:
			return ast.WalkStop, fmt.Errorf("%s", n.Kind())
		case *ast.Link:
			if !ourLinks.Match(n.Destination) {
				return ast.WalkStop, fmt.Errorf("a link to %q", n.Destination)
			}
		case *ast.HTMLBlock:
			html = string(n.Lines().Value(source))
		case *ast.RawHTML:
			html = string(n.Segments.Value(source))
		case *ast.Text:
			if _, code := n.Parent().(*ast.CodeSpan); !code && entering && strings.ContainsAny(string(n.Value(source)), "@<") {
				return ast.WalkStop, fmt.Errorf("text %q", n.Value(source))
			}
		}
		if rest := ourTags.ReplaceAllString(html, ""); strings.ContainsAny(rest, "<>") {
			return ast.WalkStop, fmt.Errorf("HTML %q", rest)
		}
		return ast.WalkContinue, nil
	})
	if err != nil {
		k.t.Fatalf("%s: %v", where, err)
	}
}

// runner reads a log as GitHub's runner does, and fails if it obeys anything but what marks lines.
func (k *sinks) runner(where, out string) {
	k.t.Helper()
	k.outputs["log"]++
	log := &runnerLog{outputs: map[string]string{}}
	for line := range strings.SplitSeq(strings.ReplaceAll(out, "\r", "\n"), "\n") {
		log.line(line)
	}
	for _, c := range log.commands {
		if !slices.Contains([]string{"error", "warning", "notice", "add-mask", "stop-commands"}, c.name) {
			k.t.Fatalf("%s: it obeys %+v", where, c)
		}
	}
	for _, m := range log.masks {
		if m != "a-token" && m != githubtest.Token {
			k.t.Fatalf("%s: it masks %q", where, m)
		}
	}
}

// command runs one command and looks at what it prints; format is that of its stdout.
func (k *sinks) command(s *town, format string, args ...string) told {
	k.t.Helper()
	got := s.run(args...)
	where := fmt.Sprintf("%.200q", args)
	k.shown("terminal", where+" stderr", got.err)
	switch format {
	case "json":
		if !json.Valid([]byte(got.out)) {
			k.t.Fatalf("%s: exit code %d: %.500s", where, got.code, got.err)
		}
		k.json("JSON", where, got.out)
	case "sarif":
		k.json("SARIF", where, got.out)
	case "junit":
		k.xml(where, got.out)
	case "markdown":
		k.markdown("Markdown", where, got.out)
	case "github":
		k.runner(where, got.out)
	default:
		k.shown("terminal", where, got.out)
	}
	return got
}

// file looks at a file, which has to be there.
func (k *sinks) file(look func(where, out string), path string) {
	k.t.Helper()
	data, err := os.ReadFile(path)
	if err != nil || len(data) == 0 {
		k.t.Errorf("%s: %d bytes, %v", path, len(data), err)
	}
	look(path, string(data))
}

// TestInjection plants hostile texts wherever an account, a file, a server's error, a command line or a
// git reference can hold one, runs what prints them, and looks at every place where that goes.
func TestInjection(t *testing.T) {
	n := *injections
	if testing.Short() {
		n /= 3
	}
	texts := append(slices.Clone(hostileTexts), generated(rand.New(rand.NewPCG(1, 2)), n)...)
	k := &sinks{t: t, outputs: map[string]int{}}
	k.account(texts)
	k.files(texts)
	k.tests(hostileTexts)
	k.servers(texts[:min(len(texts), len(hostileTexts)+n/20)])
	t.Run("arguments", func(t *testing.T) {
		t.Chdir(t.TempDir()) // where a journal of that name can do no harm
		(&sinks{t: t, outputs: k.outputs}).arguments(hostileTexts)
	})
	k.workflow(texts)
	t.Logf("outputs %v", k.outputs)
	t.Logf("figure: injection: %d strings x %d sinks", len(texts), len(k.outputs))
}

// account draws an account full of them, and what it would take to be rid of it.
func (k *sinks) account(texts []string) {
	k.t.Helper()
	s, temp := hostileTown(k.t, texts, nil), k.t.TempDir()
	planFile, snapshot := filepath.Join(temp, "plan.json"), filepath.Join(temp, "snapshot.json")
	k.command(s, "text", "plan", "--verbose", "-o", planFile, s.dir)
	for _, format := range []string{"text", "json", "markdown"} {
		k.command(s, format, "plan", "--format", format, s.dir)
		k.command(s, format, "show", "--format", format, planFile)
	}
	k.command(s, "text", "export", "--snapshot", snapshot, s.dir)
	k.command(s, "text", "export", filepath.Join(temp, "out"))
	k.command(s, "text", "who-can", "viewProject on proj/web", "--workspace", s.dir)
	k.command(s, "text", "explain", "--member", "m0@example.com", "--workspace", s.dir)
	k.command(s, "json", "explain", "--team", "t0", "--format", "json", "--workspace", s.dir)
	k.file(func(where, out string) { k.json("plan file", where, out) }, planFile)
	k.file(func(where, out string) { k.json("snapshot", where, out) }, snapshot)
	for _, format := range []string{"text", "json", "markdown"} {
		s := hostileTown(k.t, texts[:70], nil)
		journal := filepath.Join(temp, "journal."+format)
		got := k.command(s, format, "apply", "--auto-approve", "--allow-deletes", "500", "--allow-risk", "all", "--journal", journal, "--format", format, s.dir)
		if s.emu.Writes() > 0 {
			if err := os.WriteFile(filepath.Join(temp, "result."+format), []byte(got.out), 0o600); err != nil {
				k.t.Fatal(err)
			}
			k.file(func(where, out string) { k.shown("journal", where, out) }, journal)
		} else {
			k.t.Errorf("nothing was applied: exit code %d: %.3000s", got.code, got.out[max(0, len(got.out)-1500):]+got.err)
		}
		for _, r := range s.emu.Requests() {
			k.shown("audit comment", "comment", r.Comment)
		}
	}
}

// files puts them into role files, as Go's escapes of them and as they are, and into names of files.
func (k *sinks) files(texts []string) {
	k.t.Helper()
	s := newTown(k.t, 3, nil)
	var quoted, raw bytes.Buffer
	for i, h := range texts {
		fmt.Fprintf(&quoted, "---\nkind: Role\nkey: q%d\nname: %s\ndescription: %s\nbasePermissions: no_access\npolicy: []\n", i, jsonText(h), jsonText(h))
	}
	for _, h := range hostileTexts {
		fmt.Fprintf(&raw, "---\nkind: Role\nkey: %s\n# %s\nname: '%s'\nactions: [%s]\n", h, h, h, h)
	}
	files := map[string][]byte{"quoted.yaml": quoted.Bytes(), "raw.yaml": raw.Bytes()}
	for i, h := range hostileTexts {
		if len(h) < 100 && !strings.ContainsAny(h, "/\x00") {
			files[fmt.Sprintf("%d%s.yaml", i, h)] = []byte("kind: " + h + "\n")
			files[fmt.Sprintf("test%d.yaml", i)] = fmt.Appendf(nil, "kind: AccessTest\nname: %s\nas: {role: ops}\ncan: [%s]\n", jsonText(h), jsonText(h))
		}
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(s.dir, name), data, 0o600); err != nil {
			k.t.Fatal(err)
		}
	}
	for _, format := range []string{"text", "json", "sarif", "github"} {
		k.command(s, format, "validate", "--format", format, s.dir)
	}
	k.command(s, "text", "plan", s.dir)
	k.command(s, "text", "fmt", "--check", s.dir)
	s.env["GITHUB_ACTIONS"] = "true"
	k.runner("fmt --diff", s.run("fmt", "--diff", s.dir).out)
}

// tests puts those that a file may hold into access tests, which fail.
func (k *sinks) tests(texts []string) {
	k.t.Helper()
	s := newTown(k.t, 3, nil)
	var tests bytes.Buffer
	for i, h := range texts {
		if strings.TrimSpace(h) == h && !strings.HasPrefix(h, "\u0301") && strings.IndexFunc(h, func(r rune) bool { return !diag.Shown(r) }) < 0 {
			fmt.Fprintf(&tests, "---\nkind: AccessTest\nname: %s\nas: {role: ops}\ncan: [updateOn on proj/p%d:env/x:flag/y]\n", "'"+strings.ReplaceAll(h, "'", "''")+"'", i)
		}
	}
	if err := os.WriteFile(filepath.Join(s.dir, "tests.yaml"), tests.Bytes(), 0o600); err != nil {
		k.t.Fatal(err)
	}
	for _, format := range []string{"text", "json", "sarif", "github", "junit"} {
		if got := k.command(s, format, "test", "--format", format, s.dir); got.code != 3 || got.out == "" {
			k.t.Errorf("%+v", got)
		}
	}
	k.command(s, "markdown", "plan", "--format", "markdown", s.dir)
}

func jsonText(s string) string {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// servers lets the account's errors say them, to a read and to a write.
func (k *sinks) servers(texts []string) {
	k.t.Helper()
	for i, h := range texts {
		tell := answer([]string{listPath, "PATCH"}[i%2], 400+i%3, []string{aJSON, "text/html"}[i/2%2], fmt.Sprintf(`{"code":%s,"message":%[1]s}`, jsonText(h)))
		s := newTown(k.t, 3, tell)
		format := []string{"text", "json", "markdown"}[i%3]
		got := k.command(s, format, "apply", "--auto-approve", "--format", format, s.dir)
		if got.code == 0 {
			k.t.Errorf("%q: %+v", h, got)
		}
	}
}

// arguments says them on the command line.
func (k *sinks) arguments(texts []string) {
	k.t.Helper()
	s := newTown(k.t, 3, nil)
	for _, h := range texts {
		for _, args := range [][]string{
			{"plan", "--target", h, s.dir},
			{"plan", "--base", h, s.dir},
			{"show", h},
			{"validate", h},
			{h},
			{"plan", "--" + h},
			{"can", h, "--role", "ops", "--workspace", s.dir},
			{"explain", h, "--workspace", s.dir},
			{"apply", "--journal", h, s.dir},
			{"restore", h, "--from", h},
			{"export", "--snapshot", h, s.dir, "--target", h},
			{"plan", "--format", h},
			{"schema", h},
		} {
			if slices.Contains(args, "-h") || strings.Contains(h, "\x00") {
				continue
			}
			k.shown("terminal", fmt.Sprintf("%q stderr", args), s.run(args...).err)
		}
		for _, name := range []string{"LAUNCHDARKLY_API_HOST", "LAUNCHDARKLY_ACCESS_TOKEN", "ROLEWRIGHT_TIMEOUT", "ROLEWRIGHT_FORMAT"} {
			env := maps.Clone(s.env)
			env[name] = h
			got := runWith(k.t, env, time.Now, emulator.Transport(s.liar), "plan", s.dir)
			k.shown("terminal", fmt.Sprintf("%s=%q stderr", name, h), got.err)
		}
	}
}

// workflow runs the Action for the account that is full of them.
func (k *sinks) workflow(texts []string) {
	k.t.Helper()
	for _, command := range []string{"plan", "validate", "apply", "test"} {
		temp, s := k.t.TempDir(), hostileTown(k.t, texts, nil)
		hub := githubtest.New("acme/access")
		hub.AddAccount(githubtest.Token, githubtest.Account{Login: githubtest.Login, ID: githubtest.ID, Bot: true, NoUser: true})
		hub.AddPullRequest(githubtest.PullRequest{Number: pull, State: "open", HeadRepository: "acme/access", HeadRef: "roles", HeadSHA: headSHA, BaseRef: "main", BaseSHA: baseSHA})
		url, stop := hub.Start()
		s.env = actionEnv(k.t, s.env, url, temp, pullRequestEvent(k.t))
		s.env["GITHUB_TOKEN"] = githubtest.Token
		s.env["ROLEWRIGHT_INPUTS"] = `{"command": "` + command + `", "path": "` + s.dir + `", "sarif-file": "` + filepath.Join(temp, "x.sarif") + `"}`
		got := runWith(k.t, s.env, time.Now, emulator.Transport(s.liar), "action")
		stop()
		k.runner("action "+command, got.out)
		k.runner("action "+command+" stderr", got.err)
		k.file(func(where, out string) { k.markdown("summary", where, out) }, filepath.Join(temp, "summary.md"))
		k.file(func(where, out string) { k.json("SARIF", where, out) }, filepath.Join(temp, "x.sarif"))
		k.file(k.output, filepath.Join(temp, "output"))
		comments := hub.Comments(pull)
		if command == "plan" && len(comments) != 1 {
			k.t.Errorf("%d comments: %+v", len(comments), got)
		}
		for _, c := range comments {
			k.markdown("comment", "comment", c.Body)
		}
	}
}

var plainOutput = regexp.MustCompile(`^[A-Za-z0-9:/._#-]*$`)

// output reads a file of outputs as the runner does: each is one of ours and says nothing of a role.
func (k *sinks) output(where, out string) {
	k.t.Helper()
	k.outputs["outputs"]++
	pairs, err := parsePairs(out)
	if err != nil || len(pairs) == 0 {
		k.t.Errorf("%s: %v in %q", where, err, out)
	}
	for name, value := range pairs {
		if !plainOutput.MatchString(name) || !plainOutput.MatchString(value) {
			k.t.Errorf("%s: %q=%q", where, name, value)
		}
	}
}
