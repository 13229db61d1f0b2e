package report

// SARIF 2.1.0, the form in which code scanning takes findings. The standard is OASIS's; what GitHub
// asks for beside it: a location for every result, relative URIs, and a fingerprint by which it
// knows a finding again when its line has moved.

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/lint"
	"github.com/rolewright/rolewright/reconcile/manifest"
)

// SARIFOptions are what a document says beside the findings.
type SARIFOptions struct {
	// Version is the program's.
	Version string
	// Prefix is the folder of the workspace in the repository, slash-separated; "" is its root.
	Prefix string
	// Allowed are findings that are meant: results that are suppressed.
	Allowed []lint.Allowed
}

const (
	sarifSchema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
	sarifHome   = "https://github.com/rolewright/rolewright"
	sourceRoot  = "%SRCROOT%"
	// sarifFallback is the file that stands for a finding about no file: every workspace has it.
	sarifFallback = "rolewright.yaml"
)

type sarifLog struct {
	Schema  string     `json:"$schema"`
	Version string     `json:"version"`
	Runs    []sarifRun `json:"runs"`
}

type sarifRun struct {
	Tool struct {
		Driver sarifDriver `json:"driver"`
	} `json:"tool"`
	ColumnKind string                       `json:"columnKind"`
	BaseIDs    map[string]map[string]sarifT `json:"originalUriBaseIds"`
	Results    []sarifResult                `json:"results"`
}

type sarifDriver struct {
	Name           string      `json:"name"`
	Version        string      `json:"version,omitempty"`
	InformationURI string      `json:"informationUri"`
	Rules          []sarifRule `json:"rules"`
}

// sarifT is a text.
type sarifT struct {
	Text     string `json:"text"`
	Markdown string `json:"markdown,omitempty"`
}

type sarifRule struct {
	ID            string            `json:"id"`
	HelpURI       string            `json:"helpUri,omitempty"`
	Short         sarifT            `json:"shortDescription"`
	Full          sarifT            `json:"fullDescription"`
	Help          sarifT            `json:"help"`
	Configuration map[string]string `json:"defaultConfiguration"`
}

type sarifResult struct {
	RuleID       string             `json:"ruleId"`
	RuleIndex    int                `json:"ruleIndex"`
	Level        string             `json:"level"`
	Message      sarifT             `json:"message"`
	Locations    []sarifLocation    `json:"locations"`
	Related      []sarifLocation    `json:"relatedLocations,omitempty"`
	Fingerprints map[string]string  `json:"partialFingerprints"`
	Suppressions []sarifSuppression `json:"suppressions,omitempty"`
}

// sarifSuppression says why a result is meant, and where that is said.
type sarifSuppression struct {
	Kind          string        `json:"kind"` // inSource or external
	Status        string        `json:"status"`
	Justification string        `json:"justification"`
	Location      sarifLocation `json:"location"`
}

type sarifLocation struct {
	ID       int           `json:"id,omitempty"`
	Physical sarifPhysical `json:"physicalLocation"`
	Message  *sarifT       `json:"message,omitempty"`
}

type sarifPhysical struct {
	Artifact struct {
		URI    string `json:"uri"`
		BaseID string `json:"uriBaseId"`
	} `json:"artifactLocation"`
	Region sarifRegion `json:"region"`
}

type sarifRegion struct {
	StartLine   int `json:"startLine"`
	StartColumn int `json:"startColumn,omitempty"`
	EndColumn   int `json:"endColumn,omitempty"`
}

// FindingsSARIF writes findings as a SARIF document, in the order given, and behind them those that
// are allowed. The error is the writer's.
func FindingsSARIF(w io.Writer, findings []diag.Finding, o SARIFOptions) error {
	all := slices.Clone(findings)
	for _, a := range o.Allowed {
		all = append(all, a.Finding)
	}
	run := sarifRun{ColumnKind: "unicodeCodePoints", Results: []sarifResult{}}
	run.BaseIDs = map[string]map[string]sarifT{sourceRoot: {"description": {Text: "The root of the repository."}}}
	run.Tool.Driver = sarifDriver{
		Name: "rolewright", Version: Terminal(o.Version), InformationURI: sarifHome, Rules: sarifRules(all),
	}
	seen := map[string]int{}
	for i, f := range all {
		r := sarifResultOf(f, o)
		r.RuleIndex = slices.IndexFunc(run.Tool.Driver.Rules, func(rule sarifRule) bool { return rule.ID == r.RuleID })
		id := fingerprint(f, o)
		seen[id]++
		r.Fingerprints = map[string]string{"primaryLocationLineHash": fmt.Sprintf("%s:%d", id, seen[id])}
		if i >= len(findings) {
			r.Suppressions = []sarifSuppression{suppression(o.Allowed[i-len(findings)].By, o)}
		}
		run.Results = append(run.Results, r)
	}
	_, err := w.Write(encodeJSON(sarifLog{Schema: sarifSchema, Version: "2.1.0", Runs: []sarifRun{run}}))
	return err
}

// suppression is what allows a finding.
func suppression(a manifest.Allow, o SARIFOptions) sarifSuppression {
	s := sarifSuppression{Kind: "external", Status: "accepted", Justification: sarifText(a.Reason), Location: sarifLocationOf(a.Pos, 0, o)}
	if a.Comment {
		s.Kind = "inSource"
	}
	if a.Until != "" {
		s.Justification += " (until " + Terminal(a.Until) + ")"
	}
	return s
}

func ruleID(f diag.Finding) string {
	if f.Code == "" {
		return "rolewright"
	}
	return Terminal(f.Code)
}

// sarifRules describes the codes that occur, once each, by code.
func sarifRules(findings []diag.Finding) []sarifRule {
	level := map[string]diag.Severity{}
	var ids []string
	for _, f := range findings {
		id := ruleID(f)
		if worst, seen := level[id]; !seen {
			ids, level[id] = append(ids, id), f.Severity
		} else {
			level[id] = min(worst, f.Severity)
		}
	}
	slices.Sort(ids)
	rules := []sarifRule{}
	for _, id := range ids {
		rules = append(rules, sarifRuleOf(id, level[id]))
	}
	return rules
}

// sarifHelp is for the codes that have no page: their messages say what was found and what to do.
const sarifHelp = "The message of each finding says what is wrong and what to do about it. " +
	"rolewright validate shows the findings of the whole workspace with their lines."

// sarifRuleOf takes the words from the rule's page, if lint has one. GitHub wants all of them.
func sarifRuleOf(id string, s diag.Severity) sarifRule {
	r := sarifRule{
		ID: id, Short: sarifT{Text: id}, Full: sarifT{Text: id}, Help: sarifT{Text: sarifHelp},
		Configuration: map[string]string{"level": sarifLevel(s)},
	}
	if rule, known := lint.Explain(id); known {
		r.Short.Text, r.Full.Text = rule.Title, rule.Title
		r.HelpURI = lint.PageURL(id)
		r.Help = sarifT{Text: rule.Doc, Markdown: cmp.Or(lint.Page(id), rule.Doc)}
	}
	return r
}

func sarifLevel(s diag.Severity) string {
	if s == diag.Info {
		return "note"
	}
	return s.String()
}

func sarifResultOf(f diag.Finding, o SARIFOptions) sarifResult {
	text := sarifText(f.Message)
	if f.Hint != "" {
		text += "\nhint: " + sarifText(f.Hint)
	}
	r := sarifResult{RuleID: ruleID(f), Level: sarifLevel(f.Severity), Message: sarifT{Text: text}}
	r.Locations = []sarifLocation{sarifLocationOf(f.Pos, f.Length, o)}
	for i, related := range f.Related {
		l := sarifLocationOf(related.Pos, 0, o)
		l.ID, l.Message = i+1, &sarifT{Text: sarifText(related.Message)}
		r.Related = append(r.Related, l)
	}
	return r
}

// sarifText returns s as a message. "[text](target)" would be a link in it.
func sarifText(s string) string { return strings.ReplaceAll(Terminal(s), "](", `]\u{28}`) }

// sarifLocationOf returns a place. A finding about a whole file is shown at its first line.
func sarifLocationOf(pos diag.Position, length int, o SARIFOptions) sarifLocation {
	var l sarifLocation
	l.Physical.Artifact.URI = sarifURI(pos.File, o)
	l.Physical.Artifact.BaseID = sourceRoot
	l.Physical.Region.StartLine = max(1, pos.Line)
	if pos.Line > 0 && pos.Column > 0 {
		l.Physical.Region.StartColumn = pos.Column
		l.Physical.Region.EndColumn = pos.Column + max(1, length)
	}
	return l
}

// sarifURI returns the address of a file below the root. Without a file, or with a path that is
// none, it is that of the workspace's own file.
func sarifURI(file string, o SARIFOptions) string {
	if encodePath(file) == "" {
		file = sarifFallback
	}
	uri := encodePath(path.Join(o.Prefix, file))
	if uri == "" {
		return sarifFallback
	}
	return uri
}

// fingerprint is the same for a finding as long as its file, its code and the text of its line are.
func fingerprint(f diag.Finding, o SARIFOptions) string {
	line := strings.TrimSpace(f.Source)
	if line == "" {
		line = f.Message
	}
	sum := sha256.Sum256([]byte(strings.Join([]string{ruleID(f), sarifURI(f.Pos.File, o), line}, "\x00")))
	return hex.EncodeToString(sum[:8])
}
