package tcf

import (
	"encoding/json"
	"time"
)

// europe has the names that the IAB's own library gives the fields.
type europe struct {
	head
	PolicyVersion                     int    `json:"policyVersion"`
	IsServiceSpecific                 bool   `json:"isServiceSpecific"`
	UseNonStandardTexts               bool   `json:"useNonStandardTexts"`
	SpecialFeatureOptins              []int  `json:"specialFeatureOptins"`
	PurposeConsents                   []int  `json:"purposeConsents"`
	PurposeLegitimateInterests        []int  `json:"purposeLegitimateInterests"`
	PurposeOneTreatment               bool   `json:"purposeOneTreatment"`
	PublisherCountryCode              string `json:"publisherCountryCode"`
	MaxVendorID                       int    `json:"maxVendorId"`
	VendorConsents                    []int  `json:"vendorConsents"`
	VendorLegitimateInterests         []int  `json:"vendorLegitimateInterests"`
	VendorsDisclosed                  []int  `json:"vendorsDisclosed"`
	VendorsAllowed                    []int  `json:"vendorsAllowed"`
	PublisherConsents                 []int  `json:"publisherConsents"`
	PublisherLegitimateInterests      []int  `json:"publisherLegitimateInterests"`
	NumCustomPurposes                 int    `json:"numCustomPurposes"`
	PublisherCustomConsents           []int  `json:"publisherCustomConsents"`
	PublisherCustomLegitimateInterest []int  `json:"publisherCustomLegitimateInterests"`
	tail
}

type canada struct {
	head
	PolicyVersion                 int   `json:"tcfPolicyVersion"`
	UseNonStandardStacks          bool  `json:"useNonStandardStacks"`
	SpecialFeatureExpressConsent  []int `json:"specialFeatureExpressConsent"`
	PurposesExpressConsent        []int `json:"purposesExpressConsent"`
	PurposesImpliedConsent        []int `json:"purposesImpliedConsent"`
	VendorExpressConsent          []int `json:"vendorExpressConsent"`
	VendorImpliedConsent          []int `json:"vendorImpliedConsent"`
	DisclosedVendors              []int `json:"disclosedVendors"`
	PubPurposesExpressConsent     []int `json:"pubPurposesExpressConsent"`
	PubPurposesImpliedConsent     []int `json:"pubPurposesImpliedConsent"`
	NumCustomPurposes             int   `json:"numCustomPurposes"`
	CustomPurposesExpressConsent  []int `json:"customPurposesExpressConsent"`
	CustomPurposesImpliedConsents []int `json:"customPurposesImpliedConsent"`
	tail
}

type head struct {
	Version           int    `json:"version"`
	Created           string `json:"created"`
	LastUpdated       string `json:"lastUpdated"`
	CMPID             int    `json:"cmpId"`
	CMPVersion        int    `json:"cmpVersion"`
	ConsentScreen     int    `json:"consentScreen"`
	ConsentLanguage   string `json:"consentLanguage"`
	VendorListVersion int    `json:"vendorListVersion"`
}

type tail struct {
	PublisherRestrictions any      `json:"publisherRestrictions"`
	Segments              []string `json:"segments"` // which there are
}

// MarshalJSON gives the fields the names of the IAB's libraries; times are RFC
// 3339, sets are lists in order. A segment that is missing has empty lists, and
// is not among the segments.
func (t *String) MarshalJSON() ([]byte, error) {
	p, disclosed, allowed := t.segments()
	h := head{t.Version, date(t.Created), date(t.LastUpdated), t.Platform, t.PlatformVersion,
		t.Screen, string(t.Language[:]), t.VendorList}
	end := tail{t.Restrictions.All(), []string{"core"}}
	for _, s := range []struct {
		in   bool
		name string
	}{{t.Disclosed != nil, "vendorsDisclosed"}, {t.Allowed != nil, "vendorsAllowed"}, {t.Publisher != nil, "publisherTC"}} {
		if s.in {
			end.Segments = append(end.Segments, s.name)
		}
	}
	if t.Canada {
		return json.Marshal(canada{h, t.Policy, t.NonStandardTexts, t.Features.All(), t.Purposes.All(), t.Interests.All(),
			t.Vendors.All(), t.VendorInterests.All(), disclosed.All(), p.Purposes.All(), p.Interests.All(), p.Custom,
			p.CustomPurposes.All(), p.CustomInterests.All(), end})
	}
	return json.Marshal(europe{h, t.Policy, t.ServiceSpecific, t.NonStandardTexts, t.Features.All(), t.Purposes.All(),
		t.Interests.All(), t.OneTreatment, string(t.Country[:]), t.Vendors.Max, t.Vendors.All(), t.VendorInterests.All(),
		disclosed.All(), allowed.All(), p.Purposes.All(), p.Interests.All(), p.Custom, p.CustomPurposes.All(),
		p.CustomInterests.All(), end})
}

// segments are the optional ones, empty where there is none.
func (t *String) segments() (p Publisher, disclosed, allowed Vendors) {
	if t.Publisher != nil {
		p = *t.Publisher
	}
	if t.Disclosed != nil {
		disclosed = *t.Disclosed
	}
	if t.Allowed != nil {
		allowed = *t.Allowed
	}
	return p, disclosed, allowed
}

func date(ms int64) string { return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z07:00") }
