//! What the attribute refuses, each with the token that is wrong.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{Error, Item, ItemFn, Signature};

/// The error for an item that is no function.
pub(crate) fn not_a_function(item: TokenStream, parse_error: Error) -> Error {
    let Ok(item) = syn::parse2::<Item>(item) else {
        return parse_error;
    };
    let (token, found) = match &item {
        Item::Struct(item) => (item.struct_token.to_token_stream(), "a struct"),
        Item::Enum(item) => (item.enum_token.to_token_stream(), "an enum"),
        Item::Trait(item) => (item.trait_token.to_token_stream(), "a trait"),
        Item::Impl(item) => (item.impl_token.to_token_stream(), "an `impl` block"),
        Item::Mod(item) => (item.mod_token.to_token_stream(), "a module"),
        other => (other.to_token_stream(), "this item"),
    };
    Error::new_spanned(
        token,
        format!("`#[smartasync]` goes on a function or a method, not on {found}"),
    )
}

/// Checks a function's signature, and makes of a wrong one the nearest that compiles, so that ours
/// is the only error shown.
pub(crate) fn check(function: &mut ItemFn) -> Result<(), Error> {
    let sig = &mut function.sig;
    if let Some(token) = sig.constness {
        return Err(Error::new_spanned(
            token,
            "a `const fn` cannot be decorated with `#[smartasync]`: it is evaluated without a runtime; \
             remove `const` or the attribute",
        ));
    }
    if is_async_main(sig) {
        let error = Error::new_spanned(
            &sig.ident,
            "`main` has no caller that could wait for it: make it `fn main()` and call \
             `smartasync::block_on(async { .. })` in it, or use `#[tokio::main]`",
        );
        *function = syn::parse_quote!(
            fn main() {}
        );
        return Err(error);
    }
    Ok(())
}

fn is_async_main(sig: &Signature) -> bool {
    sig.asyncness.is_some() && sig.ident == "main" && sig.inputs.is_empty()
}
