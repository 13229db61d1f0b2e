package launchdarkly

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/rolewright/rolewright/reconcile/role"
)

// Identity is whose token it is, as the account says.
type Identity struct {
	AccountID    string
	TokenID      string
	TokenName    string
	MemberID     string // of the member who made the token; "" for a service token
	ServiceToken bool
}

// Identity asks the account whose token this is.
func (c *Client) Identity(ctx context.Context) (Identity, error) {
	const path = "/api/v2/caller-identity"
	v, err := c.do(ctx, http.MethodGet, path, nil, nil)
	if err != nil {
		return Identity{}, err
	}
	o := newObject("the caller's identity", *v)
	id := Identity{
		AccountID: o.mustText("accountId"), TokenID: o.text("tokenId"), TokenName: o.text("tokenName"),
		MemberID: o.text("memberId"), ServiceToken: o.flag("serviceToken"),
	}
	if o.err != nil {
		return Identity{}, c.misread(ctx, http.MethodGet, path, o.err)
	}
	return id, nil
}

// Role returns one role, with Raw set. It wraps [role.ErrNotFound] if there is none. The account
// takes an id in place of a key; a role of another key than the one asked for is an error.
func (c *Client) Role(ctx context.Context, key string) (role.Live, error) {
	if err := checkKey(http.MethodGet, key); err != nil {
		return role.Live{}, err
	}
	return c.one(ctx, http.MethodGet, rolesPath+"/"+key, key, nil)
}

// CreateRole sends one create and returns the role as the account answered, with Raw set.
func (c *Client) CreateRole(ctx context.Context, r role.Role) (role.Live, error) {
	if err := checkKey(http.MethodPost, r.Key); err != nil {
		return role.Live{}, err
	}
	if r.BasePermissions == "" {
		return role.Live{}, refused("create role %q: basePermissions is empty, and the account's default differs by version", r.Key)
	}
	r.Policy = written(r.Policy)
	return c.one(ctx, http.MethodPost, rolesPath, r.Key, r)
}

// UpdateRole sends one patch: tests of the values in before.Raw that are about to be replaced,
// then the replacements. The account refuses it (role.ErrConflict) if one of them has moved.
// The comment lands in the audit log. Where nothing differs, nothing is sent and before returned.
//
// A field that the account leaves out is tested for the value that this stands for. Whether there is
// anything to test then nobody could find out: where the account refuses that and the role is still
// the same, the patch is sent without, and what somebody else sets in that moment is written over.
// If the account denies that reading, the error says so beside the conflict (role.ErrDenied too).
//
// An account may refuse every patch with a test. That is asked where an update was refused and is to be
// made again of the very same role; from then on no patch has tests: see [Client.Unguarded].
func (c *Client) UpdateRole(ctx context.Context, before role.Live, after role.Role, comment string) (role.Live, error) {
	if err := checkUpdate(before, after); err != nil {
		return role.Live{}, err
	}
	operations, err := patch(before, after, false)
	if err != nil {
		return role.Live{}, refused("update %w", err)
	}
	if len(operations) == 0 {
		return before, nil
	}
	send := func(operations []operation) (role.Live, error) {
		return c.one(ctx, http.MethodPatch, rolesPath+"/"+before.Key, before.Key, patchBody{comment, operations})
	}
	refused, err := c.roleTests.learn(before.Key, before.Raw, func() error {
		_, err := send([]operation{{opTest, "/key", before.Key}})
		return err
	})
	switch {
	case err != nil:
		return role.Live{}, err
	case refused:
		return send(withoutTests(operations))
	}
	supposed, _ := patch(before, after, true)
	live, err := send(supposed)
	c.roleTests.note(before.Key, before.Raw, err)
	if len(supposed) > len(operations) && refusedAsConflict(err) {
		fresh, unread := c.Role(ctx, before.Key)
		switch {
		case errors.Is(unread, role.ErrDenied):
			return live, fmt.Errorf("%w; reading it again: %w", err, unread)
		case unread == nil && bytes.Equal(fresh.Raw, before.Raw):
			return send(operations)
		}
	}
	return live, err
}

// checkUpdate refuses what a patch cannot do.
func checkUpdate(before role.Live, after role.Role) error {
	switch {
	case before.Key != after.Key:
		return refused("update role %q: the key cannot be changed to %q", before.Key, after.Key)
	case after.ResourceCategory != "" && after.ResourceCategory != before.ResourceCategory:
		return refused("update role %q: resourceCategory cannot be changed from %q to %q", before.Key, before.ResourceCategory, after.ResourceCategory)
	case after.BasePermissions == "":
		return refused("update role %q: basePermissions is empty", before.Key)
	case hasUnknownStatementFields(before) && !role.EqualPolicy(before.Policy, after.Policy):
		return refused("update role %q: its statements hold fields that this version does not know and would remove", before.Key)
	}
	return checkKey(http.MethodPatch, before.Key)
}

// DeleteRole sends one delete.
func (c *Client) DeleteRole(ctx context.Context, key string) error {
	if err := checkKey(http.MethodDelete, key); err != nil {
		return err
	}
	_, err := c.do(ctx, http.MethodDelete, rolesPath+"/"+key, nil, nil)
	return err
}

// one sends a request that is answered with a role.
func (c *Client) one(ctx context.Context, method, path, key string, content any) (role.Live, error) {
	v, err := c.exchange(ctx, method, path, nil, content)
	if err != nil {
		return role.Live{}, err
	}
	live, err := readRole(*v)
	if err == nil && live.Key != key {
		err = fmt.Errorf("the answer holds role %s instead of %q", quote(live.Key), key)
	}
	if err != nil {
		return role.Live{}, c.misread(ctx, method, path, err)
	}
	live.Raw = bytes.Clone(v.raw)
	return live, nil
}

const jsonType = "application/json"

// exchange sends what there is as JSON, and returns the JSON of the answer.
func (c *Client) exchange(ctx context.Context, method, path string, query url.Values, what any) (*value, error) {
	if what == nil {
		return c.do(ctx, method, path, query, nil)
	}
	text, err := json.Marshal(what)
	if err != nil {
		return nil, refused("%s %s: %w", method, path, err)
	}
	kind := jsonType
	if _, semantic := what.(semanticPatch); semantic {
		kind = semanticType
	}
	return c.do(ctx, method, path, query, &content{kind, text})
}

// misread is an answer that is JSON and not what was asked for.
func (c *Client) misread(ctx context.Context, method, path string, cause error) error {
	a := &call{Client: c, ctx: ctx, method: method, url: c.base + path}
	return a.unusable(fmt.Errorf("not LaunchDarkly's answer: %w", cause))
}

func checkKey(method, key string) error {
	if err := role.CheckKey(key); err != nil {
		return refused("%s role: %w", method, err)
	}
	return nil
}

// refused is a request that is wrong whichever way it is sent, and was not.
func refused(format string, args ...any) error {
	return fmt.Errorf("%w: %w: %w", role.ErrNotSent, role.ErrRefused, fmt.Errorf(format, args...))
}
