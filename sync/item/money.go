package item

import "math/bits"

// maxAmount is the largest amount a row may state, in minor units.
const maxAmount = 1_000_000_000_000

// Exponent is the number of decimals between the main and the minor unit of an
// ISO 4217 code, and whether there is such a code. Funds codes are in; codes
// without a minor unit (metals, accounting units, XTS, XXX) can't price
// anything and are not.
func Exponent(code string) (decimals int, ok bool) {
	switch code {
	case "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF",
		"UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF":
		return 0, true
	case "BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND":
		return 3, true
	case "CLF", "UYW":
		return 4, true
	case "AED", "AFN", "ALL", "AMD", "AOA", "ARS", "AUD", "AWG", "AZN",
		"BAM", "BBD", "BDT", "BMD", "BND", "BOB", "BOV", "BRL", "BSD", "BTN", "BWP", "BYN", "BZD",
		"CAD", "CDF", "CHE", "CHF", "CHW", "CNY", "COP", "COU", "CRC", "CUP", "CVE", "CZK",
		"DKK", "DOP", "DZD", "EGP", "ERN", "ETB", "EUR", "FJD", "FKP",
		"GBP", "GEL", "GHS", "GIP", "GMD", "GTQ", "GYD", "HKD", "HNL", "HTG", "HUF",
		"IDR", "ILS", "INR", "IRR", "JMD", "KES", "KGS", "KHR", "KPW", "KYD", "KZT",
		"LAK", "LBP", "LKR", "LRD", "LSL",
		"MAD", "MDL", "MGA", "MKD", "MMK", "MNT", "MOP", "MRU", "MUR", "MVR", "MWK", "MXN", "MXV", "MYR", "MZN",
		"NAD", "NGN", "NIO", "NOK", "NPR", "NZD", "PAB", "PEN", "PGK", "PHP", "PKR", "PLN", "QAR", "RON", "RSD", "RUB",
		"SAR", "SBD", "SCR", "SDG", "SEK", "SGD", "SHP", "SLE", "SOS", "SRD", "SSP", "STN", "SVC", "SYP", "SZL",
		"THB", "TJS", "TMT", "TOP", "TRY", "TTD", "TWD", "TZS", "UAH", "USD", "USN", "UYU", "UZS",
		"VED", "VES", "WST", "XAD", "XCD", "XCG", "YER", "ZAR", "ZMW", "ZWG":
		return 2, true
	}
	return 0, false
}

// Net is a gross amount without its tax, gross / (1 + taxRate), in minor units.
func Net(gross int64, taxRate float64) int64 {
	return mulDiv(gross, million, million+millionths(taxRate))
}

// Margin is what is left of a gross price after tax and net cost; it is negative
// below cost.
func Margin(gross int64, taxRate float64, cost int64) int64 {
	return Net(gross, taxRate) - cost
}

// Discounted is a gross price with percent (0 to 100) taken off; it is what is
// taken off that is rounded. Less than all of a price leaves at least one minor unit
// of it: half of 1 yen is no gift.
func Discounted(gross int64, percent float64) int64 {
	left := gross - mulDiv(gross, millionths(percent/100), million)
	if left == 0 && gross > 0 && percent < 100 {
		return 1
	}
	return left
}

const million = 1_000_000

// millionths rounds a rate; outside of 0 to 1 the nearer end counts.
func millionths(rate float64) uint64 {
	if !(rate > 0) { // also NaN
		return 0
	}
	return uint64(float64(min(rate, 1)*million) + 0.5)
}

// mulDiv is a·b/c rounded to the nearest, a half away from zero; b is at most c,
// so the result fits.
func mulDiv(a int64, b, c uint64) int64 {
	size := uint64(a)
	if a < 0 {
		size = -size
	}
	hi, lo := bits.Mul64(size, b)
	lo, carry := bits.Add64(lo, c/2, 0)
	q, _ := bits.Div64(hi+carry, lo, c)
	if a < 0 {
		q = -q
	}
	return int64(q)
}
