package reconcile_test

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rolewright/rolewright/reconcile"
	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/lint"
	"github.com/rolewright/rolewright/reconcile/manifest"
)

// mistake is an edit of a file of examples/acme, and what is then found, as "file:line code".
type mistake struct {
	file, old, new string // old "" adds new at the end
	want           string
}

// mistakes are plausible ones, most of them a word long. Each is found once, in its line, and nothing
// else is found for it.
var mistakes = []mistake{
	// words
	{"roles/auditor.yaml", `"proj/*:log/*"`, `"proj/*:log/*;"`, "roles/auditor.yaml:22 LD001"},
	{"roles/auditor.yaml", `"proj/*:session/*"`, `"proj/*:sesion/*"`, "roles/auditor.yaml:19 LD002"},
	{"roles/developer.yaml", "- updateOn\n", "- updatOn\n", "roles/developer.yaml:41 LD003"},
	{"roles/platform.yaml", "[\"*\"]\n    resources: [\"service-token/*\"]", "[\"*AccessTokn\"]\n    resources: [\"service-token/*\"]", "roles/platform.yaml:71 LD004"},
	{"roles/mobile.yaml", "[updateMobileKey]", "[updateMobileKey, updateOn]", "roles/mobile.yaml:29 LD005"},
	{"roles/releases.yaml", `"proj/*:alert/*"`, `"proj/*:alert/*;{critical:true}"`, "roles/releases.yaml:46 LD006"},
	{"roles/developer.yaml", "{critical:false}:flag", "{critical:False}:flag", "roles/developer.yaml:46 LD007"},
	{"roles/web-shop.yaml", "proj/web:view/$", "proj/web:view/squad-$", "roles/web-shop.yaml:58 LD008"},
	{"roles/releases.yaml", `["proj/web:env/*:flag/*", `, `["proj/web", `, "roles/releases.yaml:21 LD010"},
	// what a policy says in vain, too widely or the wrong way round
	{"roles/quality.yaml", `*;{critical:true}:flag/*"`, `*:flag/*"`, "roles/quality.yaml:13 LD101"},
	{"roles/account-administration.yaml", "updateSubscription]\n    resources: [\"acct\"]\n", "updateSubscription]\n    resources: [\"acct\"]\n  - {effect: allow, actions: [getPaymentCard], resources: [acct]}\n", "roles/account-administration.yaml:70 LD102"},
	{"roles/auditor.yaml", "", "  - {effect: deny, actions: [deleteFlag], resources: [\"proj/*:env/*:flag/*\"]}\n", "roles/auditor.yaml:23 LD103"},
	{"roles/account-administration.yaml", "updateSubscription]\n    resources: [\"acct\"]\n", "updateSubscription]\n    resources: [\"acct\"]\n  - {effect: deny, actions: [\"*\"], resources: [acct]}\n", "roles/account-administration.yaml:61 LD104"},
	{"roles/releases.yaml", `["proj/web", "proj/mobile-*"]`, `["proj/web", "proj/mobile-*", "proj/mobile-ios"]`, "roles/releases.yaml:11 LD105"},
	{"roles/web-shop.yaml", "    notActions:\n", "    notActions:\n      - bypassRequiredApproval\n", "roles/web-shop.yaml:21 LD106"},
	{"roles/payments.yaml", "[bypassRequiredApproval, deleteFlag, updateTags]", "[deleteFlag, updateTags]", "roles/payments.yaml:14 LD108"},
	{"roles/four-eyes.yaml", "", "  - {effect: allow, actions: [viewProject], notResources: [\"proj/payments\"]}\n", "roles/four-eyes.yaml:41 LD109"},
	{"roles/data-platform.yaml", "[viewProject]\n    resources: [\"proj/*\"]", "[\"*\"]\n    resources: [\"proj/*\"]", "roles/data-platform.yaml:54 LD110"},
	{"roles/mobile.yaml", "- updateTags\n    resources: [\"proj/mobile-*:env/*:flag/*\"]", "- updateTags\n    resources: [\"proj/mobile-*:env/dev-*:flag/*\"]", "roles/mobile.yaml:15 LD112"},
	{"roles/mobile.yaml", "effect: deny\n    actions: [", "effect: deny\n    actions: [createFlag, ", "roles/mobile.yaml:26 LD113"},
	{"roles/payments.yaml", "[viewProject]\n    resources: [\"proj/payments\"]\n  - effect: allow\n    actions: [updateTags]", "[viewProject]\n    resources: [\"proj/payment\"]\n  - effect: allow\n    actions: [updateTags]", "roles/payments.yaml:59 LD114"},
	{"roles/developer.yaml", "      - copyFlagConfigTo\n", "", "roles/developer.yaml:35 LD115"},
	{"teams/web.yaml", "roleAttributes:\n  views: [search]\n", "roleAttributes: {}\n", "teams/web.yaml:7 LD116"},
	{"teams/web.yaml", "customRoles: [support]\n", "customRoles: [support]\nroleAttributes: {projects: [web]}\n", "teams/web.yaml:38 LD117"},
	// security
	{"roles/account-administration.yaml", "updateSubscription]\n    resources: [\"acct\"]\n", "updateSubscription]\n    resources: [\"acct\"]\n  - {effect: allow, actions: [updatePolicy], resources: [\"role/*\"]}\n", "roles/account-administration.yaml:70 LD201"},
	{"roles/payments.yaml", "[createFlag, updateDescription,", "[createFlag, updateTags, updateDescription,", "roles/payments.yaml:33 LD203"},
	{"roles/web-shop.yaml", "[unlinkFlagFromView,", "[linkFlagToView,", "roles/web-shop.yaml:58 LD204"},
	{"roles/four-eyes.yaml", "[applyApprovalRequest, reviewApprovalRequest]\n    resources: [\"proj/*:env/*;{critical:true}:segment/*\"]", "[applyApprovalRequest, createApprovalRequest]\n    resources: [\"proj/*:env/*;{critical:true}:segment/*\"]", "roles/four-eyes.yaml:40 LD205"},
	{"roles/data-platform.yaml", "[deleteContextInstance]", "[deleteContextInstance, updateApprovalSettings]", "roles/data-platform.yaml:65 LD206"},
	{"roles/platform.yaml", "protected: true  # a service", "# a service", "roles/platform.yaml:72 LD207"},
	{"roles/mobile.yaml", "updateOn, updateRules, updateTargets]\n    resources: [\"proj/mobile-*:env/*", "updateOn, updateRules, updateScheduledChanges, updateTargets]\n    resources: [\"proj/mobile-*:env/*", "roles/mobile.yaml:24 LD209"},
}

// TestSeededMistakes plants one mistake at a time in examples/acme, in which nothing is found.
func TestSeededMistakes(t *testing.T) {
	src, err := manifest.OpenFolder("../examples/acme")
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	if got := foundIn(t, src); len(got) > 0 {
		t.Fatalf("without a mistake: %q", got)
	}
	codes := map[string]bool{}
	for _, m := range mistakes {
		_, code, _ := strings.Cut(m.want, " ")
		codes[code] = true
		t.Run(code, func(t *testing.T) {
			if diff := cmp.Diff([]string{m.want}, foundIn(t, m.plant(t, src))); diff != "" {
				t.Error(diff)
			}
		})
	}
	if len(mistakes) < 25 || len(codes) < 25 {
		t.Errorf("%d mistakes, %d codes", len(mistakes), len(codes))
	}
}

// plant returns the files with the mistake in them.
func (m mistake) plant(t *testing.T, src manifest.Source) manifest.Source {
	t.Helper()
	in, err := src.Open(m.file)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	data, err := io.ReadAll(in)
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	if m.old == "" {
		text += m.new
	} else if !strings.Contains(text, m.old) {
		t.Fatalf("no %q in %s", m.old, m.file)
	} else {
		text = strings.Replace(text, m.old, m.new, 1)
	}
	return manifest.With(src, map[string][]byte{m.file: []byte(text)})
}

// foundIn returns what lint says of the files, as "file:line code".
func foundIn(t *testing.T, src manifest.Source) []string {
	t.Helper()
	ws, before, err := manifest.LoadFrom(src, manifest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return places(reconcile.Judge(ws, before, lint.Input{}).Findings)
}

func places(findings []diag.Finding) (list []string) {
	for _, f := range findings {
		list = append(list, fmt.Sprintf("%s:%d %s", f.Pos.File, f.Pos.Line, f.Code))
	}
	return list
}
