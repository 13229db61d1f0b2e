package emulator

import (
	"cmp"
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Behaviour holds a switch for everything that LaunchDarkly does not document, or documents in
// two ways. The zero value of each field stands for its default, which is named first. What the
// public sources say on each is in the switch's own text, see [Switches].
type Behaviour struct {
	// TestOp is what happens to a `test` operation of a JSON Patch: honoured, refused409,
	// refused422 (a patch with any is refused) or ignored.
	TestOp string
	// TestFailed is the status for a test that does not hold: 422 (code patch_failed) or 409.
	TestFailed string
	// DuplicateKeyBody is the code of the 409 for a key that is taken: optimistic_locking_error
	// or invalid_request.
	DuplicateKeyBody string
	// UniqueNames refuses a second role of the same name with 409.
	UniqueNames bool
	// ReuseKey is allow, or refuse (409) for the key of a role or a team that was deleted.
	ReuseKey string
	// DeleteHeldByMembers and DeleteHeldByTeams are refuse (409) or allow, for a role in use.
	DeleteHeldByMembers, DeleteHeldByTeams string
	// AssignLag is how long DELETE still sees holders that a role, or members that a team, has lost.
	AssignLag time.Duration
	// AllowBareStar accepts "*" as a resource specifier.
	AllowBareStar bool
	// LenientTypos accepts the misspelt specifiers that stand in official material.
	LenientTypos bool
	// UnknownProperty is refuse (400) or accept, for a property selector other than critical.
	UnknownProperty string
	// UnknownType is accept or refuse (400), for resource types that the catalogue does not know.
	UnknownType string
	// RejectUnknownAction refuses, with 400, actions that the catalogue does not know.
	RejectUnknownAction bool
	// CheckCategory refuses, with 400, statements outside the role's resourceCategory.
	CheckCategory bool
	// EmptyPolicy is accept or refuse (400), for a role without statements.
	EmptyPolicy string
	// MaxKeyLength, MaxStatements and MaxRoles refuse, with 400, what is beyond; 0 is no limit.
	MaxKeyLength, MaxStatements, MaxRoles int
	// MaxLimit is the largest page (1000). AboveMaxLimit is refuse (400) or clamp.
	MaxLimit      int
	AboveMaxLimit string
	// ItemOrder is the order of a list: creation, key or shuffled (neither, yet the same for
	// every page).
	ItemOrder string
	// OmitTotalCount leaves totalCount out of lists.
	OmitTotalCount bool
	// OmitBasePermissions leaves basePermissions out of answers where it is reader.
	OmitBasePermissions bool
	// OmitDescription leaves an empty description out of answers.
	OmitDescription bool
	// Normalise sorts policies and drops repetitions on every write.
	Normalise bool
	// ReadLag is how long reads still see the state from before a write.
	ReadLag time.Duration
	// PermissionStatus is the status for a known token without the right: 403 or 401.
	PermissionStatus string
	// UnnamedReads is what reading roles and members takes, for which no action is named: nothing, or
	// reader (a right to view them: base permissions reader, or every action on them).
	UnnamedReads string
	// HiddenRead is the status for reading a team or a project that the token may not view: 404 or
	// 403. HiddenList is whether such a thing is leftOut of lists, or the list refused.
	HiddenRead, HiddenList string
	// InlineBase is the base permissions of a token with a policy of its own: reader or no_access.
	InlineBase string
	// MemberName is what policies call a member: either, id or email.
	MemberName string
	// MaintainTeam is what maintainers of a team may do: members (view it, and say who is in it and
	// who maintains it) or all.
	MaintainTeam string
	// OwnToken is allow or refuse, for a token that reads what it is itself.
	OwnToken string
	// Bearer is refuse (401) or accept, for a token with the scheme word "Bearer" before it.
	Bearer string
	// DefaultVersion is the API version of requests without LD-API-Version.
	DefaultVersion string
	// DefaultBase is the base permission of a role made without one: by-version, no_access or
	// reader. By version means no_access from 20240415 on and reader before.
	DefaultBase string
	// RateHeaders is which rate-limit headers are sent: all, route or none.
	RateHeaders string

	// ExpandedEnvironments is how many environments stand in a project that is asked to expand them.
	ExpandedEnvironments int
	// MaxFlagLimit is the largest page of flags. FlagsUnasked is all, or page (the default limit), for
	// a list of flags without a limit. FlagViews is never or always, for the views of a flag in it.
	MaxFlagLimit            int
	FlagsUnasked, FlagViews string

	// What follows is about who holds roles.

	// MemberRoles is whether a member's custom roles are in answers always, or only expanded (and
	// none otherwise). MemberRoleForm is ids or keys, for how they are named.
	MemberRoles, MemberRoleForm string
	// AttributeOrder is the order in which values of role attributes come back: shuffled, sent or
	// sorted. AttributeState is lenient or strict (400), for an instruction that adds an attribute
	// that is there, or changes one that is not.
	AttributeOrder, AttributeState string
	// OmitVersions leaves the versions of members and teams out of answers.
	OmitVersions bool
	// DeletedRole is whether those who held a deleted role keep its id or drop it.
	DeletedRole string
	// OwnRole is refuse or allow, for a change of the caller's own member.
	OwnRole string
	// BulkBeta is accept or refuse (403), for a patch of many members without the beta version.
	BulkBeta string
	// UnknownFilter is refuse (400) or ignore, for a filter of a list that does not exist.
	UnknownFilter string
	// UnknownTeamRole is ignore or refuse (400), for a custom role that a team is given.
	// UnknownMember is refuse (400) or ignore, for a member that is put into a team.
	UnknownTeamRole, UnknownMember string
	// SemanticPatch is lenient, or strict (400) about the content type.
	SemanticPatch string
	// DeleteTeamWithMembers is refuse (409) or allow.
	DeleteTeamWithMembers string
	// NewTeamLag is how long a new team is not found by its key.
	NewTeamLag time.Duration
	// MaxTeamLimit is the largest page of teams, and of the lists of one team (100).
	MaxTeamLimit int
	// IdpMembers and IdpTeams say that an identity provider owns the members or the teams: the API
	// makes none (403). SyncedTeam is refuse (403) or allow, for the members and the name of a team
	// that it owns.
	IdpMembers, IdpTeams bool
	SyncedTeam           string
}

// Switch describes one switch of [Behaviour] for a command line.
type Switch struct {
	Name, Default string
	// Doc says what the switch does and what is known about LaunchDarkly's own behaviour.
	Doc string
}

// Switches lists every switch, sorted by name.
func Switches() []Switch {
	var list []Switch
	new(Behaviour).switches().VisitAll(func(f *flag.Flag) {
		list = append(list, Switch{f.Name, f.Value.String(), f.Usage})
	})
	return list
}

// ParseBehaviour reads settings of the form "name=value" over the defaults. It fails at the first
// that names no switch or no value of it.
func ParseBehaviour(settings []string) (Behaviour, error) {
	var b Behaviour
	switches := b.switches()
	for _, s := range settings {
		name, value, ok := strings.Cut(s, "=")
		if !ok || switches.Lookup(name) == nil {
			return b, fmt.Errorf("behaviour %q: want name=value with one of the names %s", s, switchNames())
		}
		if err := switches.Set(name, value); err != nil {
			return b, fmt.Errorf("behaviour %q: %w", s, err)
		}
	}
	return b, b.fill()
}

func switchNames() string {
	var names []string
	for _, s := range Switches() {
		names = append(names, s.Name)
	}
	return strings.Join(names, ", ")
}

// Describe lists every switch as "name=value", sorted by name.
func (b Behaviour) Describe() []string {
	var list []string
	b.switches().VisitAll(func(f *flag.Flag) { list = append(list, f.Name+"="+f.Value.String()) })
	return list
}

// fill puts defaults in place of zero values and refuses values that a switch does not have.
func (b *Behaviour) fill() error {
	var f filler
	b.define(&f)
	return f.bad
}

// switches binds each field to its name. A FlagSet does the parsing and printing of every type,
// and sorts by name.
func (b *Behaviour) switches() *flag.FlagSet {
	s := switchSet{flag.NewFlagSet("behaviour", flag.ContinueOnError)}
	b.define(s)
	return s.FlagSet
}

// definer is told of each switch: where its value is, its name, and what it does.
type definer interface {
	flag(p *bool, name, doc string)
	duration(p *time.Duration, name, doc string)
	number(p *int, or int, name, doc string)
	choice(p *string, name, doc string, values ...string)
}

func (b *Behaviour) define(s definer) {
	b.patchSwitches(s)
	b.lifeSwitches(s)
	b.policySwitches(s)
	b.listSwitches(s)
	b.inventorySwitches(s)
	b.accessSwitches(s)
	b.holderSwitches(s)
	b.teamSwitches(s)
	b.providerSwitches(s)
}

func (b *Behaviour) patchSwitches(s definer) {
	s.choice(&b.TestOp, "testOp", "a `test` operation in a patch of a role: documented for JSON Patch in general, not for roles",
		"honoured", "refused409", "refused422", "ignored")
	s.choice(&b.TestFailed, "testFailed", "status for a test that does not hold: not documented; the schema's example for a patch that cannot be applied is 422",
		"422", "409")
	s.flag(&b.Normalise, "normalise", "sort policies and drop repetitions on write: not documented; the vendor's Terraform tests see statements come back as sent")
}

func (b *Behaviour) lifeSwitches(s definer) {
	s.choice(&b.DuplicateKeyBody, "duplicateKeyBody", "code of the 409 for a key that is taken: not documented for roles; both forms are seen on other resources",
		"optimistic_locking_error", "invalid_request")
	s.flag(&b.UniqueNames, "uniqueNames", "refuse a name that is taken with 409: Terraform's documentation says names are unique, nobody has seen it enforced")
	s.choice(&b.ReuseKey, "reuseKey", "make a role or a team under the key of a deleted one: not documented", "allow", "refuse")
	s.choice(&b.DeleteHeldByMembers, "deleteHeldByMembers", "delete a role that members hold: not documented; the Terraform provider says 409", "refuse", "allow")
	s.choice(&b.DeleteHeldByTeams, "deleteHeldByTeams", "delete a role that teams hold: not documented; the Terraform provider has seen 409", "refuse", "allow")
	s.duration(&b.AssignLag, "assignLag", "how long a delete still sees holders of a role, or members of a team, that are gone: some delay was seen, how much is not known")
	s.number(&b.MaxKeyLength, 0, "maxKeyLength", "longest key, 0 for no limit: not documented")
	s.number(&b.MaxStatements, 0, "maxStatements", "most statements in a policy, 0 for no limit: not documented")
	s.number(&b.MaxRoles, 0, "maxRoles", "most roles in an account, 0 for no limit: documented as 1000 and more on request; the answer beyond it is not")
}

func (b *Behaviour) policySwitches(s definer) {
	s.flag(&b.AllowBareStar, "allowBareStar", `accept "*" as a resource: one documentation page shows it, a correction to another says it answers 400`)
	s.flag(&b.LenientTypos, "lenientTypos", "accept, and never match, the misspelt specifiers of official examples: the real parser's answer is not known")
	s.choice(&b.UnknownProperty, "unknownProperty", "a property selector other than critical: not documented", "refuse", "accept")
	s.choice(&b.UnknownType, "unknownType", "a resource type that is not in the catalogue: LaunchDarkly adds types, yet has refused one that it documents", "accept", "refuse")
	s.flag(&b.RejectUnknownAction, "rejectUnknownAction", "refuse unknown actions with 400: not documented; the vendor's tests store actions that do not fit the resource")
	s.flag(&b.CheckCategory, "checkCategory", "refuse statements outside the role's resourceCategory with 400: not documented; the category limits what the editor offers")
	s.choice(&b.EmptyPolicy, "emptyPolicy", "a role without statements: Terraform sends null for it; no source shows the answer", "accept", "refuse")
}

func (b *Behaviour) listSwitches(s definer) {
	s.number(&b.MaxLimit, 1000, "maxLimit", "largest page: not documented for roles; members allow 1000")
	s.choice(&b.AboveMaxLimit, "aboveMaxLimit", "a limit above maxLimit: not documented", "refuse", "clamp")
	s.choice(&b.ItemOrder, "itemOrder", "order of a list: not documented", "creation", "key", "shuffled")
	s.flag(&b.OmitTotalCount, "omitTotalCount", "leave totalCount out: optional in the specification")
	s.flag(&b.OmitBasePermissions, "omitBasePermissions", "leave basePermissions out where it is reader: optional in the specification; Terraform reads a missing one as reader")
	s.flag(&b.OmitDescription, "omitDescription", "leave an empty description out: optional in the specification")
	s.duration(&b.ReadLag, "readLag", "how long reads see the state from before a write: not documented")
}

func (b *Behaviour) inventorySwitches(s definer) {
	s.number(&b.ExpandedEnvironments, 20, "expandedEnvironments", "environments in a project that is asked to expand them: documented as a page; of what size is not")
	s.number(&b.MaxFlagLimit, 100, "maxFlagLimit", "largest page of flags: not documented; clients ask for 100")
	s.choice(&b.FlagsUnasked, "flagsUnasked", "a list of flags without a limit: some versions of the specification say that it is all of them", "all", "page")
	s.choice(&b.FlagViews, "flagViews", "the views of a flag, as viewKeys in the list of flags: not documented; the views have a list of their flags (beta)", "never", "always")
}

func (b *Behaviour) accessSwitches(s definer) {
	s.choice(&b.PermissionStatus, "permissionStatus", "status for a known token without the right: the documentation lets 401 and 403 both mean it", "403", "401")
	s.choice(&b.UnnamedReads, "unnamedReads", "what reading roles and members takes: no action is named for it, and nothing is documented", "nothing", "reader")
	s.choice(&b.HiddenRead, "hiddenRead", "status for reading a team or a project that the token may not view: not documented", "404", "403")
	s.choice(&b.HiddenList, "hiddenList", "teams and projects that the token may not view, in a list: projects are documented as not visible", "leftOut", "refused")
	s.choice(&b.InlineBase, "inlineBase", "base permissions of a token with a policy of its own: seen to view everything", "reader", "no_access")
	s.choice(&b.MemberName, "memberName", "what a policy calls a member: documented by e-mail address, while the API goes by ids", "either", "id", "email")
	s.choice(&b.MaintainTeam, "maintainTeam", "what the action set maintainTeam allows: documented in general only", "members", "all")
	s.choice(&b.OwnToken, "ownToken", "a token reads what it is itself: not documented; a list of all tokens is for administrators", "allow", "refuse")
	s.choice(&b.Bearer, "bearer", `a token with "Bearer" before it: not documented; the raw token is`, "refuse", "accept")
	s.choice(&b.DefaultVersion, "defaultVersion", "API version of requests that name none: documented as the token's own default", versionNames...)
	s.choice(&b.DefaultBase, "defaultBase", "base permissions of a role made without: documented as no_access now and reader once; which version changed it is inferred",
		"by-version", "no_access", "reader")
	s.choice(&b.RateHeaders, "rateHeaders", "which X-Ratelimit headers are sent: documented in general, not for roles", "all", "route", "none")
}

func (b *Behaviour) holderSwitches(s definer) {
	s.choice(&b.MemberRoles, "memberRoles", "a member's custom roles in an answer that was not asked to expand them: the list's documentation leaves them out, the specification requires the field, and Terraform reads it",
		"always", "expanded")
	s.choice(&b.MemberRoleForm, "memberRoleForm", "how a member's custom roles are named: Terraform gets ids, the specification's example shows keys", "ids", "keys")
	s.choice(&b.AttributeOrder, "attributeOrder", "order of the values of a role attribute: Terraform sees another than it sent; which is not known", "shuffled", "sent", "sorted")
	s.choice(&b.AttributeState, "attributeState", "add a role attribute that the team has, change or remove one that it lacks: not documented; instructions in general do nothing that is done already",
		"lenient", "strict")
	s.flag(&b.OmitVersions, "omitVersions", "leave out the versions of members and teams: optional in the specification")
	s.choice(&b.DeletedRole, "deletedRole", "what is left of a deleted role with those who held it: not documented", "keep", "drop")
	s.choice(&b.OwnRole, "ownRole", "change the caller's own member: a bulk patch was seen to report it as an error, one of a single member is not documented", "refuse", "allow")
	s.choice(&b.BulkBeta, "bulkBeta", "a patch of many members without LD-API-Version: beta: listed under beta, which in general answers 403 without", "accept", "refuse")
	s.choice(&b.UnknownFilter, "unknownFilter", "a filter of a list that does not exist: not documented", "refuse", "ignore")
}

func (b *Behaviour) teamSwitches(s definer) {
	s.choice(&b.UnknownTeamRole, "unknownTeamRole", "give a team a role that is not there: Terraform sees it ignored", "ignore", "refuse")
	s.choice(&b.UnknownMember, "unknownMember", "name a member that is not there in a team: not documented", "refuse", "ignore")
	s.choice(&b.SemanticPatch, "semanticPatch", "a semantic patch as plain application/json: documented as 400; Terraform sends it so and it works", "lenient", "strict")
	s.choice(&b.DeleteTeamWithMembers, "deleteTeamWithMembers", "delete a team that has members: not documented; the Terraform provider sees 409", "refuse", "allow")
	s.duration(&b.NewTeamLag, "newTeamLag", "how long a new team is not found by its key: some delay was seen, how much is not known")
	s.number(&b.MaxTeamLimit, 100, "maxTeamLimit", "largest page of teams and of a team's lists: documented as 100 for teams")
}

func (b *Behaviour) providerSwitches(s definer) {
	s.flag(&b.IdpMembers, "idpMembers", "an identity provider owns the members: creation (and deletion of a synced one) is documented as not working, the 403 is inferred")
	s.flag(&b.IdpTeams, "idpTeams", "an identity provider owns the teams: creation is documented as refused, a 403 was seen")
	s.choice(&b.SyncedTeam, "syncedTeam", "change the members or the name of a team that an identity provider owns: not documented; giving it roles is", "refuse", "allow")
}

// switchSet shortens the definitions above: a variable's value at the time is its default.
type switchSet struct{ *flag.FlagSet }

func (s switchSet) flag(p *bool, name, doc string) { s.BoolVar(p, name, *p, doc) }

func (s switchSet) duration(p *time.Duration, name, doc string) { s.DurationVar(p, name, *p, doc) }

func (s switchSet) number(p *int, or int, name, doc string) { s.IntVar(p, name, cmp.Or(*p, or), doc) }

func (s switchSet) choice(p *string, name, doc string, values ...string) {
	s.Var(choice{p, values}, name, doc+" ("+strings.Join(values, ", ")+")")
}

// choice is a switch with a closed set of values; an empty one means the first.
type choice struct {
	value  *string
	values []string
}

// String returns the value.
func (c choice) String() string { return cmp.Or(*c.value, c.values[0]) }

// Set takes one of the values.
func (c choice) Set(value string) error {
	if !slices.Contains(c.values, value) {
		return fmt.Errorf("value %q is not one of %s", value, strings.Join(c.values, ", "))
	}
	*c.value = value
	return nil
}

// filler fills in defaults, and keeps what is wrong with the switch that is the first by name.
type filler struct {
	name string
	bad  error
}

func (f *filler) fail(name, format string, args ...any) {
	if f.bad == nil || name < f.name {
		f.name, f.bad = name, fmt.Errorf("behaviour %s: %w", name, fmt.Errorf(format, args...))
	}
}

func (*filler) flag(*bool, string, string) {}

func (f *filler) duration(p *time.Duration, name, _ string) {
	if *p < 0 {
		f.fail(name, "value %q is below zero", p)
	}
}

func (f *filler) number(p *int, or int, name, _ string) {
	if *p = cmp.Or(*p, or); *p < 0 {
		f.fail(name, "value %q is below zero", strconv.Itoa(*p))
	}
}

func (f *filler) choice(p *string, name, _ string, values ...string) {
	c := choice{p, values}
	if err := c.Set(c.String()); err != nil {
		f.fail(name, "%w", err)
	}
}
