#include "PluginABI.h"
