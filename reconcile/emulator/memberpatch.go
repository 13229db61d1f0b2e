package emulator

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
)

// memberFields are the fields of a member that a patch may change.
var memberFields = editable{"role", "customRoles", "roleAttributes"}

// everything expands all that an answer can include.
var everything = expansion{
	"customRoles": true, "roleAttributes": true, "members": true, "roles": true, "projects": true, "maintainers": true,
}

// patchMember answers PATCH /api/v2/members/{id}, a JSON Patch.
func (e *Emulator) patchMember(r *request) (reply, error) {
	edit, err := readPatch(r, memberFields)
	if err == nil && edit.merge != nil {
		err = refuse(400, "Invalid request body: a member takes a JSON Patch")
	}
	if err != nil {
		return reply{}, err
	}
	return e.write(r, http.StatusOK, func(tx *change) ([]byte, error) {
		old, err := e.member(tx.view, r)
		if err != nil {
			return nil, err
		}
		if e.opts.Behaviour.OwnRole == "refuse" && old.is.ID == tx.caller(e, r.token) {
			return nil, refuse(403, "%s", ownRoleText)
		}
		fields, err := e.apply(e.memberAnswer(tx.view, old, everything), edit)
		if err != nil {
			return nil, err
		}
		next, err := tx.editedMember(old.is, fields)
		if err != nil {
			return nil, err
		}
		for _, field := range edit.fields() {
			if err := e.allowMember(tx.view, r, field, old.is, next); err != nil {
				return nil, err
			}
		}
		return e.memberAnswer(tx.view, put(tx, tx.members, old, next), expanded(r)), nil
	})
}

const ownRoleText = "you cannot modify your own role"

// editedMember sets the editable fields of a member from their JSON.
func (v *view) editedMember(old Member, fields map[string]json.RawMessage) (Member, error) {
	next := old.clone()
	next.Role, next.CustomRoles, next.RoleAttributes = "", nil, nil
	if err := readField(fields, "role", &next.Role); err != nil {
		return Member{}, err
	}
	var roles []string
	if err := readField(fields, "customRoles", &roles); err != nil {
		return Member{}, err
	}
	if err := readField(fields, "roleAttributes", &next.RoleAttributes); err != nil {
		return Member{}, err
	}
	if next.Role != old.Role && !slices.Contains(baseRoles, next.Role) {
		return Member{}, refuse(400, "role %q is not reader, writer, admin or no_access", next.Role)
	}
	for _, name := range roles {
		if _, found := v.roles.find(name); !found && !slices.Contains(old.CustomRoles, name) {
			return Member{}, refuse(400, "Unknown custom role %q", name)
		}
	}
	next.CustomRoles = v.roleIDs(roles)
	return next.edited(old), nil
}

// instruction is one step of a semantic patch.
type instruction map[string]json.RawMessage

func (in instruction) kind() (kind string) {
	_ = json.Unmarshal(in["kind"], &kind) // what is no text is no kind
	return kind
}

// required decodes a field that has to be there.
func required[T any](in instruction, name string) (value T, err error) {
	if in[name] == nil {
		return value, refuse(400, "Invalid request body: instruction %s lacks %q", in.kind(), name)
	}
	err = readField(in, name, &value)
	return value, err
}

// maxInstructions bounds what one request can make of many members. The bound is our own.
const maxInstructions = 100

// readInstructions reads a semantic patch.
func (e *Emulator) readInstructions(r *request) ([]instruction, error) {
	if e.opts.Behaviour.SemanticPatch == "strict" && !isSemantic(r.Header.Get("Content-Type")) {
		return nil, refuse(400, "Invalid request body: the content type of a semantic patch is %q", semanticType)
	}
	fields, err := decodeFields(r.body)
	if err != nil {
		return nil, err
	}
	if err := readField(fields, "comment", &r.comment); err != nil {
		return nil, err
	}
	var list []instruction
	if err := readField(fields, "instructions", &list); err != nil {
		return nil, err
	}
	switch {
	case len(list) == 0:
		return nil, refuse(400, "instructions is required")
	case len(list) > maxInstructions:
		return nil, refuse(400, "more than %d instructions", maxInstructions)
	}
	return list, nil
}

// bulk is a patch of many members while it is carried out.
type bulk struct {
	tx     *change
	may    func(kind string, old, next Member) error
	self   string // the id of whoever must not be changed; "" is nobody
	done   []string
	failed []map[string]string
}

// patchMembers answers PATCH /api/v2/members, a semantic patch of many members.
func (e *Emulator) patchMembers(r *request) (reply, error) {
	if e.opts.Behaviour.BulkBeta == "refuse" && !r.beta {
		return reply{}, refuse(403, "This is a beta resource: send LD-API-Version: beta")
	}
	list, err := e.readInstructions(r)
	if err != nil {
		return reply{}, err
	}
	return e.write(r, http.StatusOK, func(tx *change) ([]byte, error) {
		b := &bulk{tx: tx, may: func(kind string, old, next Member) error { return e.allowMember(tx.view, r, kind, old, next) }}
		if e.opts.Behaviour.OwnRole == "refuse" {
			b.self = tx.caller(e, r.token)
		}
		for _, in := range list {
			apply := memberInstructions[in.kind()]
			if apply == nil {
				return nil, refuse(400, "Unknown instruction %q", in.kind())
			}
			if err := apply(b, in); err != nil {
				return nil, err
			}
		}
		return asJSON(struct {
			Members []string            `json:"members"`
			Errors  []map[string]string `json:"errors"`
		}{renamed(b.done, func(id string) string { return id }), b.failed}), nil
	})
}

// memberInstructions are what a semantic patch of members can hold.
var memberInstructions = map[string]func(*bulk, instruction) error{
	"replaceMembersRoles":          (*bulk).replaceRoles,
	"replaceAllMembersRoles":       (*bulk).replaceRoles,
	"replaceMembersCustomRoles":    (*bulk).replaceCustomRoles,
	"replaceAllMembersCustomRoles": (*bulk).replaceCustomRoles,
	"replaceMembersRoleAttributes": (*bulk).replaceAttributes,
}

func (b *bulk) replaceRoles(in instruction) error {
	value, err := required[string](in, "value")
	if err != nil {
		return err
	}
	if !slices.Contains(baseRoles, value) {
		return refuse(400, "value %q is not reader, writer, admin or no_access", value)
	}
	return b.each(in, func(m *Member) { m.Role, m.CustomRoles = value, nil })
}

func (b *bulk) replaceCustomRoles(in instruction) error {
	values, err := required[[]string](in, "values")
	if err != nil {
		return err
	}
	ids, err := b.tx.knownRoles(values)
	if err != nil {
		return err
	}
	return b.each(in, func(m *Member) { m.CustomRoles = slices.Clone(ids) })
}

func (b *bulk) replaceAttributes(in instruction) error {
	value, err := required[map[string][]string](in, "value")
	if err != nil {
		return err
	}
	return b.each(in, func(m *Member) { m.RoleAttributes = cloneAttributes(value) })
}

// each changes the members of the instruction, one by one; those it cannot change it reports.
func (b *bulk) each(in instruction, f func(*Member)) error {
	ids, err := b.selected(in)
	if err != nil {
		return err
	}
	for _, id := range ids {
		old, found := b.tx.members.byID[id]
		switch {
		case !found:
			b.fail(id, "member not found")
		case id == b.self:
			b.fail(id, ownRoleText)
		case old.is.Role == "owner":
			b.fail(id, "the role of the owner cannot be changed")
		default:
			next := old.is.clone()
			f(&next)
			if err := b.may(in.kind(), old.is, next); err != nil {
				b.fail(id, err.Error())
				continue
			}
			put(b.tx, b.tx.members, old, next.edited(old.is))
			b.done = append(b.done, id)
		}
	}
	return nil
}

func (b *bulk) fail(id, why string) { b.failed = append(b.failed, map[string]string{id: why}) }

// selected returns the ids of the members that an instruction is for: those it lists, or all but
// those that one of its filters matches.
func (b *bulk) selected(in instruction) ([]string, error) {
	if kind := in.kind(); kind != "replaceAllMembersRoles" && kind != "replaceAllMembersCustomRoles" {
		ids, err := required[[]string](in, "memberIDs")
		return renamed(ids, func(id string) string { return id }), err
	}
	left, err := exclusions(in)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, r := range b.tx.members.order {
		if !slices.ContainsFunc(left, func(match keeps[Member]) bool { return match(b.tx.view, r.is) }) {
			ids = append(ids, r.is.ID)
		}
	}
	return ids, nil
}

// exclusions are the filters of an instruction for all members: whoever matches one is left alone.
func exclusions(in instruction) ([]keeps[Member], error) {
	var left []keeps[Member]
	for field, name := range map[string]string{"filterQuery": "query", "filterRoles": "role", "filterTeamKey": "team"} {
		var value string
		if err := readField(in, field, &value); err != nil {
			return nil, err
		}
		if value == "" {
			continue
		}
		match, _ := memberFilters[name](value) // these take any text
		left = append(left, match)
	}
	if seen := in["filterLastSeen"]; seen != nil && !bytes.Equal(seen, []byte("null")) {
		match, err := lastSeen(string(seen))
		if err != nil {
			return nil, err
		}
		left = append(left, match)
	}
	var ignored []string
	err := readField(in, "ignoredMemberIDs", &ignored)
	set := setOf(ignored)
	return append(left, func(_ *view, m Member) bool { return set[m.ID] }), err
}
