//! How visible an item is.

use syn::Visibility;

/// Whether an item is visible only in its own module.
pub(crate) fn is_private(vis: &Visibility) -> bool {
    rank(vis) == 0
}

/// Ranks a visibility: the higher the rank, the more code sees the item.
pub(crate) fn rank(vis: &Visibility) -> u8 {
    match vis {
        Visibility::Public(_) => 4,
        Visibility::Restricted(within) if within.path.is_ident("crate") => 3,
        Visibility::Restricted(within) if within.path.is_ident("self") => 0,
        Visibility::Restricted(within) if within.path.is_ident("super") => 1,
        Visibility::Restricted(_) => 2,
        Visibility::Inherited => 0,
    }
}
