package wire

import (
	"fmt"
	"strings"
)

// Purpose is what a person may grant the use of their data for. A purpose that
// is not listed in a consent is not granted.
type Purpose string

// The purposes; besides them there is `sensitive:<class>` for each class of
// sensitive data, a class being 1 to 64 of [a-z0-9_-].
const (
	DeviceStorage       Purpose = "device_storage"
	ProfileBuilding     Purpose = "profile_building" // needed to write a profile
	PersonalisedContent Purpose = "personalised_content"
	PersonalisedOffers  Purpose = "personalised_offers"
	Measurement         Purpose = "measurement"
	AudienceStatistics  Purpose = "audience_statistics"
	ModelTraining       Purpose = "model_training"
	CrossChannel        Purpose = "cross_channel"
)

const sensitive = "sensitive:"

// ParsePurpose is Purpose(s) when s names one; else an error that lists them.
func ParsePurpose(s string) (Purpose, error) {
	p := Purpose(s)
	if !p.Valid() {
		return "", fmt.Errorf("unknown purpose %.64q; use one of %s, %s, %s, %s, %s, %s, %s, %s or sensitive:<class>", s,
			DeviceStorage, ProfileBuilding, PersonalisedContent, PersonalisedOffers,
			Measurement, AudienceStatistics, ModelTraining, CrossChannel)
	}
	return p, nil
}

// Valid tells whether p is one of the purposes above or sensitive:<class>.
func (p Purpose) Valid() bool {
	switch p {
	case DeviceStorage, ProfileBuilding, PersonalisedContent, PersonalisedOffers,
		Measurement, AudienceStatistics, ModelTraining, CrossChannel:
		return true
	}
	class, ok := strings.CutPrefix(string(p), sensitive)
	return ok && len(class) >= 1 && len(class) <= 64 &&
		strings.Trim(class, "abcdefghijklmnopqrstuvwxyz0123456789_-") == ""
}
