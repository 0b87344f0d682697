// Numbers that went through decimal text: what printf writes and strtod reads again, without the text where possible.
#pragma once

namespace legcnet {

/// x printed with "%.<decimals>f" and read again: the nearest multiple of 10^-decimals to the exact value of x, ties to
/// even, as the nearest double. 0 <= decimals <= 15; x finite.
double through_fixed(double x, int decimals);

/// x printed with "%e" (7 significant digits) and read again.
double through_scientific(double x);

/// MATLAB's round(x, decimals): ties away from zero, decided on the product x * 10^decimals.
double round_decimals(double x, int decimals);

}  // namespace legcnet
