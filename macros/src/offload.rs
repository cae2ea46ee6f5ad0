//! Turns a sync function with `offload` into one that returns its call.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::visit_mut::{self, VisitMut};
use syn::{
    FnArg, PatType, Path, Receiver, ReturnType, Signature, Type, TypeImplTrait, parse_quote_spanned,
};

use crate::item::{Body, Function};
use crate::options::Options;
use crate::{arguments, attributes};

/// Turns a sync function into one that returns its call, which can be waited for or awaited.
///
/// Input:
///
/// ```text
/// fn hash(mut data: Vec<u8>) -> T { BODY }
/// ```
///
/// Output:
///
/// ```text
/// fn hash(data: Vec<u8>) -> Offload<impl FnOnce() -> T + Send + 'static> {
///     offloaded::argument::<Vec<u8>>();
///     offloaded::output::<T>();
///     offloaded::call(move || -> T {
///         let mut data = data;
///         BODY
///     })
/// }
/// ```
pub(crate) fn expand(function: Function, options: &Options) -> TokenStream {
    let Function { attrs, vis, mut sig, body } = function;
    let span = Span::mixed_site().located_at(sig.ident.span());
    let krate = options.krate(span);
    let output = match &sig.output {
        ReturnType::Default => quote_spanned!(span=> ()),
        ReturnType::Type(_, output) => output.to_token_stream(),
    };
    let moves = body.is_some().then(|| arguments::move_into_future(&mut sig));
    let checks = checks(&sig, &krate, span);
    sig.output = parse_quote_spanned! {span=>
        -> #krate::Offload<
            impl #krate::__private::FnOnce() -> #output + #krate::__private::Send + 'static
        >
    };
    let in_needless_braces = body.as_ref().is_some_and(Body::may_be_one_expression);
    let allowed = attributes::allowed(&attrs, in_needless_braces, false, span);
    if body.is_none() {
        return quote!(#(#attrs)* #allowed #vis #sig;);
    }
    quote_spanned! {span=>
        #(#attrs)* #allowed #vis #sig {
            #checks
            #krate::__private::offloaded::call(move || -> #output { #moves #body })
        }
    }
}

/// Checks each argument and the output separately for the bounds of the whole closure, so that an error points at
/// the one that is wrong.
fn checks(sig: &Signature, krate: &TokenStream, span: Span) -> TokenStream {
    let bounds = quote_spanned!(span=> #krate::__private::offloaded);
    let arguments = sig.inputs.iter().map(|argument| match argument {
        FnArg::Receiver(receiver) => check_receiver(receiver, &bounds, span),
        FnArg::Typed(argument) => check_argument(argument, sig, &bounds, span),
    });
    let output = match &sig.output {
        ReturnType::Type(_, ty) => check_output(ty, sig, &bounds, span),
        ReturnType::Default => None,
    };
    quote!(#(#arguments)* #output)
}

fn check_output(
    ty: &Type,
    sig: &Signature,
    bounds: &TokenStream,
    span: Span,
) -> Option<TokenStream> {
    // For a generic output, the compiler's own message names the missing bound.
    let is_checked = Generic::of(ty, sig) == Generic::No;
    is_checked.then(|| quote_spanned!(span=> #bounds::output::<#ty>();))
}

fn check_receiver(receiver: &Receiver, bounds: &TokenStream, span: Span) -> TokenStream {
    let ty = match receiver.colon_token {
        Some(_) => receiver.ty.to_token_stream(),
        None => quote_spanned!(receiver.self_token.span=> Self),
    };
    quote_spanned!(span=> #bounds::argument::<#ty>();)
}

fn check_argument(
    argument: &PatType,
    sig: &Signature,
    bounds: &TokenStream,
    span: Span,
) -> TokenStream {
    let PatType { attrs, pat, ty, .. } = argument;
    let check = match Generic::of(ty, sig) {
        Generic::No => quote_spanned!(span=> #bounds::argument::<#ty>()),
        Generic::Named => quote_spanned!(span=> #bounds::generic::<#ty>()),
        Generic::Unnamed => {
            let kind = span.located_at(ty.span());
            quote_spanned!(kind=> #bounds::unnamed(&#pat))
        }
    };
    let condition = attributes::condition(attrs).map(|under| quote!(#[cfg(#under)]));
    quote_spanned!(span=> #condition #check;)
}

/// Whether a type uses type parameters of its function, and whether these have names.
#[derive(PartialEq)]
enum Generic {
    No,
    Named,
    Unnamed,
}

impl Generic {
    fn of(ty: &Type, sig: &Signature) -> Generic {
        let mut finder = Finder { sig, found: Generic::No };
        finder.visit_type_mut(&mut ty.clone());
        finder.found
    }
}

struct Finder<'a> {
    sig: &'a Signature,
    found: Generic,
}

impl VisitMut for Finder<'_> {
    fn visit_path_mut(&mut self, path: &mut Path) {
        let first = path.segments.first().map(|first| &first.ident);
        let is_own = self.sig.generics.type_params().any(|own| Some(&own.ident) == first);
        if is_own && self.found == Generic::No {
            self.found = Generic::Named;
        }
        visit_mut::visit_path_mut(self, path);
    }

    fn visit_type_impl_trait_mut(&mut self, _: &mut TypeImplTrait) {
        self.found = Generic::Unnamed;
    }
}
