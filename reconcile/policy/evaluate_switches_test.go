package policy

import "testing"

// switches are, for each value of each question, cases in which it matters.
var switches = []struct {
	setting string
	held    []Held
	request Request
	allowed bool
}{
	{"notResources=everyKind", []Held{hold("allow * on not proj/*:env/*:flag/*;a")}, ask("createRole on role/r"), true},
	{"notResources=sameKind", []Held{hold("allow * on not proj/*:env/*:flag/*;a")}, ask("createRole on role/r"), false},

	{"viewPrecondition=true", []Held{hold("allow * on proj/p:env/e:flag/*")}, ask("updateOn on proj/p:env/e:flag/f"), false},
	{"viewPrecondition=false", []Held{hold("allow * on proj/p:env/e:flag/*")}, ask("updateOn on proj/p:env/e:flag/f"), true},
	{"viewPrecondition=true", []Held{hold("allow updateTags on proj/p")}, ask("updateTags on proj/p"), false},
	{"viewPrecondition=false", []Held{hold("allow updateTags on proj/p")}, ask("updateTags on proj/p"), true},
	{"viewPrecondition=true", []Held{hold("allow updateOn on proj/*:metric/m")}, ask("updateOn on proj/p:metric/m"), false},
	{"viewPrecondition=true", []Held{hold("allow viewProject on proj/p")}, ask("viewProject on proj/p"), true},
	{"viewPrecondition=true", []Held{hold("allow viewProject on proj/p", "allow viewSdkKey on proj/*:env/*")}, ask("viewSdkKey on proj/q:env/e"), false},
	{"viewPrecondition=true", []Held{hold("allow viewProject on proj/*:env/*")}, ask("viewProject on proj/p:env/e"), false},
	{"viewPrecondition=true", []Held{hold("allow createRole on role/*")}, ask("createRole on role/r"), true},
	{"viewPrecondition=true", []Held{hold("allow updateOn on proj/p:env/*:flag/*", "allow viewProject on proj/*;a")}, ask("updateOn on proj/p;a:env/e:flag/f"), true},

	{"viewFrom=anyRole", []Held{viewing, hold("allow updateOn on proj/p:env/*:flag/*")}, ask("updateOn on proj/p:env/e:flag/f"), true},
	{"viewFrom=sameRole", []Held{viewing, hold("allow updateOn on proj/p:env/*:flag/*")}, ask("updateOn on proj/p:env/e:flag/f"), false},
	{"viewFrom=sameRole", []Held{viewing, hold("reader", "allow updateOn on proj/p:env/*:flag/*")}, ask("updateOn on proj/p:env/e:flag/f"), true},
	{"viewFrom=sameRole", []Held{hold("allow createRole on role/*")}, ask("createRole on role/r"), true},

	{"environmentWide=union", inTwoRoles, ask("updateTags on proj/p:env/a:flag/f", "env/b"), true},
	{"environmentWide=perRole", inTwoRoles, ask("updateTags on proj/p:env/a:flag/f", "env/b"), false},
	{"environmentWide=perRole", append(inTwoRoles, hold("allow updateTags on proj/p:env/*:flag/*")), ask("updateTags on proj/p:env/a:flag/f", "env/b"), true},
	{"environmentWide=union", inTwoRoles, ask("updateTags on proj/p:env/a:flag/f", "env/b", "env/c"), false},
	{"environmentWide=union", inTwoRoles, ask("updateOn on proj/p:env/a:flag/f", "env/b", "env/c"), false},
	{"environmentWide=perRole", []Held{viewing, hold("allow updateOn on proj/p:env/a:flag/*")}, ask("updateOn on proj/p:env/a:flag/f", "env/b"), true},

	{"unknownScope=oneEnvironment", []Held{viewing, hold("allow createExperiment on proj/p:env/a:flag/*")}, ask("createExperiment on proj/p:env/a:flag/f", "env/b"), true},
	{"unknownScope=everyEnvironment", []Held{viewing, hold("allow createExperiment on proj/p:env/a:flag/*")}, ask("createExperiment on proj/p:env/a:flag/f", "env/b"), false},

	{"readerActions=view", []Held{hold("reader")}, ask("createAccessToken on member/m:token/t"), false},
	{"readerActions=viewAndCreateAccessToken", []Held{hold("reader")}, ask("createAccessToken on member/m:token/t"), true},
	{"readerActions=viewAndCreateAccessToken", []Held{hold("reader")}, ask("viewTeam on team/t"), true},
	{"readerActions=viewAndCreateAccessToken", []Held{hold("reader", "deny * on member/*:token/*")}, ask("createAccessToken on member/m:token/t"), false},

	{"attributeGlobs=literal", []Held{hold("allow createRole on role/${roleAttribute/x}").with("x", "a*")}, ask("createRole on role/ab"), false},
	{"attributeGlobs=glob", []Held{hold("allow createRole on role/${roleAttribute/x}").with("x", "a*")}, ask("createRole on role/ab"), true},
	{"attributeGlobs=glob", []Held{hold("allow createRole on role/${roleAttribute/x}").with("x", "a*c", "")}, ask("createRole on role/ab"), false},

	{"unsetAttribute=nothing", []Held{hold("allow createRole on role/a-${roleAttribute/x}")}, ask("createRole on role/a-b"), false},
	{"unsetAttribute=everything", []Held{hold("allow createRole on role/a-${roleAttribute/x}")}, ask("createRole on role/a-b"), true},
	{"unsetAttribute=everything", []Held{hold("allow createRole on role/a-${roleAttribute/x}").with("x", "c")}, ask("createRole on role/a-b"), false},
	{"unsetAttribute=everything", []Held{hold("allow createRole on role/a-${roleAttribute/x}")}, ask("createRole on role/b"), false},

	{"foreignActions=noRequest", []Held{viewing, hold("allow viewProject on proj/p:env/*:flag/*")}, ask("viewProject on proj/p:env/e:flag/f"), false},
	{"foreignActions=anyRequest", []Held{viewing, hold("allow viewProject on proj/p:env/*:flag/*")}, ask("viewProject on proj/p:env/e:flag/f"), true},
	{"foreignActions=anyRequest", []Held{viewing, hold("allow updateOn on proj/p:env/*:flag/*")}, ask("viewProject on proj/p:env/e:flag/f"), false},
	{"foreignActions=noRequest", []Held{viewing, hold("allow * on proj/p:env/*:flag/*")}, ask("createRole on proj/p:env/e:flag/f"), false},
	{"foreignActions=noRequest", []Held{viewing, hold("allow * on proj/p:env/*:flag/*")}, ask("launchRocket on proj/p:env/e:flag/f"), true},
	{"foreignActions=noRequest", []Held{viewing, hold("allow * on proj/p:gizmo/*")}, ask("createRole on proj/p:gizmo/g"), true},

	{"globCrossesColon=false", []Held{viewing, hold("allow updateOn on proj/*")}, ask("updateOn on proj/p:env/e:flag/f"), false},
	{"globCrossesColon=true", []Held{viewing, hold("allow updateOn on proj/*")}, ask("updateOn on proj/p:env/e:flag/f"), true},
	{"globCrossesColon=true", []Held{viewing, hold("allow updateOn on proj/*:flag/f")}, ask("updateOn on proj/p:env/e:flag/f"), false}, // does not parse
	{"globCrossesColon=true", []Held{viewing, hold("allow updateOn on proj/p")}, ask("updateOn on proj/p:env/e:flag/f"), false},
	{"globCrossesColon=true", []Held{viewing, hold("allow updateOn on proj/p:env/*f")}, ask("updateOn on proj/p:env/e:flag/f"), true},
	{"globCrossesColon=true", []Held{viewing, hold("allow updateOn on proj/*g:env/*")}, ask("updateOn on proj/p:env/e:flag/f"), false},
	{"globCrossesColon=true", []Held{hold("allow spin on gizmo")}, ask("spin on gizmo:part/p"), false},
	{"globCrossesColon=true", []Held{hold("allow spin on gizmo/*:part/*")}, ask("spin on gizmo/g:bolt/b:part/p"), true},
	{"globCrossesColon=false", []Held{hold("allow spin on gizmo/*:part/*")}, ask("spin on gizmo/g:bolt/b:part/p"), false},

	{"globCrossesColon=true", []Held{viewing, hold("allow updateOn on proj/*;a")}, ask("updateOn on proj/p;a:env/e:flag/f"), true},
	{"globCrossesColon=true", []Held{viewing, hold("allow updateOn on proj/*;a")}, ask("updateOn on proj/p:env/e:flag/f;a"), false},

	{"bareStar=false", []Held{hold("allow createRole on *")}, ask("createRole on role/r"), false},
	{"bareStar=true", []Held{hold("allow createRole on *")}, ask("createRole on role/r"), true},
	{"bareStar=true", []Held{viewing, hold("allow * on *", "deny * on *")}, ask("updateOn on proj/p:env/e:flag/f"), false},
	{"bareStar=true", []Held{hold("allow createRole on not *")}, ask("createRole on role/r"), false},
	{"bareStar=false", []Held{hold("allow createRole on not *")}, ask("createRole on role/r"), true},

	{"caseSensitive=true", shouting, ask("updateOn on proj/p:env/e;{critical:true}:flag/f;a"), false},
	{"caseSensitive=false", shouting, ask("updateOn on proj/p:env/e;{critical:true}:flag/f;a"), true},
	{"caseSensitive=true", []Held{hold("allow createRole on role/${roleAttribute/X}").with("X", "R")}, ask("createRole on role/r"), false},
	{"caseSensitive=false", []Held{hold("allow createRole on role/${roleAttribute/X}").with("X", "R")}, ask("createRole on role/r"), true},
	{"caseSensitive=false", []Held{viewing, hold("allow updateOn on proj/p:env/a:flag/*")}, ask("updateOn on proj/p:env/a:flag/f", "env/b"), true},
	{"caseSensitive=false", []Held{hold("allow createRole on role/${roleAttribute/x}").with("X", "R")}, ask("createRole on role/r"), false},
}

// inTwoRoles allows an action in two environments, each in another role.
var inTwoRoles = []Held{viewing, hold("allow updateTags on proj/p:env/a:flag/*"), hold("allow updateTags on proj/p:env/b:flag/*")}

var shouting = []Held{viewing, hold("allow UPDATEON on proj/P:env/*;{Critical:TRUE}:flag/F*;A*")}

// TestSwitches asks each question both ways, and makes sure that none is left out and that each
// changes an answer.
func TestSwitches(t *testing.T) {
	answers := map[string]map[bool]bool{}
	for _, c := range switches {
		if d := Evaluate(c.held, c.request, under(c.setting)); d.Allowed != c.allowed {
			t.Errorf("%s: %s: %v\n%q", c.setting, c.request, d.Allowed, texts(d.Reasons))
		}
		if answers[c.setting] == nil {
			answers[c.setting] = map[bool]bool{}
		}
		answers[c.setting][c.allowed] = true
	}
	for _, q := range questions {
		both := map[bool]bool{}
		for _, value := range q.values {
			for allowed := range answers[q.name+"="+value] {
				both[allowed] = true
			}
			if len(answers[q.name+"="+value]) == 0 {
				t.Errorf("%s=%s is not tried", q.name, value)
			}
		}
		if len(both) != 2 {
			t.Errorf("%s never changes an answer", q.name)
		}
	}
	t.Logf("%d questions, %d cases", len(questions), len(switches))
}
