//! Turns a decorated function into one that returns its call.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::{Error, LitStr};

use crate::context::{Context, Kind};
use crate::item::{Body, Function};
use crate::options::Options;
use crate::output::Output;
use crate::{arguments, attributes, lifetimes, offload, valid};

/// Decorates a function. A wrong one is decorated too, and the error is added to it.
pub(crate) fn expand(
    mut function: Function,
    options: &Options,
    context: &Context,
) -> (TokenStream, Option<Error>) {
    let error = valid::check_function(&mut function, options, context.kind).err();
    // A moved attribute has been checked at its original place.
    let error = error.filter(|_| options.context.is_none());
    let expanded = if options.offload.is_some() && error.is_none() {
        offload::expand(function, options)
    } else if !function.is_async() {
        function.into_token_stream()
    } else if options.context.is_none() && attributes::has_macros(&function.attrs) {
        after_other_macros(function, options, context)
    } else {
        decorate(function, options, context)
    };
    (expanded, error)
}

/// Moves the attribute below the function's other attribute macros, so that they see the `async fn`.
///
/// Input:
///
/// ```text
/// #[instrument] async fn fetch() { .. }
/// ```
///
/// Output:
///
/// ```text
/// #[instrument] #[smartasync(OPTIONS, __site(alone))] async fn fetch() { .. }
/// ```
fn after_other_macros(mut function: Function, options: &Options, context: &Context) -> TokenStream {
    let krate = options.krate(function.sig.ident.span());
    let moved = options.moved_to(context);
    function.attrs.push(syn::parse_quote!(#[#krate::smartasync(#moved)]));
    function.into_token_stream()
}

/// Turns an `async fn` into a function that returns its call.
///
/// Input:
///
/// ```text
/// async fn fetch(&self, Point { x, y }: Point, mut tries: u32) -> T { BODY }
/// ```
///
/// Output:
///
/// ```text
/// fn fetch(&self, __arg1: Point, tries: u32) -> Call<impl Future<Output = T>> {
///     call::<T, _>("fetch", async move {
///         if let Some(__output) = None::<T> {
///             return __output;
///         }
///         let _ = &self;
///         let __arg1 = __arg1;
///         let Point { x, y } = __arg1;
///         let mut tries = tries;
///         { BODY }
///     })
/// }
/// ```
///
/// The `if` tells the compiler the type of the output. An `async` block would infer it from its first `return`.
///
/// The `let`s are those of the compiler's own lowering of an `async fn`, and give the arguments the same drop
/// order. The braces around the body have the edition of this crate, 2024: they drop the temporaries of the body's
/// last expression before the arguments, whatever the caller's edition is.
fn decorate(function: Function, options: &Options, context: &Context) -> TokenStream {
    let Function { attrs, vis, mut sig, body } = function;
    let span = Span::mixed_site().located_at(sig.ident.span());
    let name = LitStr::new(&sig.ident.unraw().to_string(), span);
    let output = Output::of(&sig, options, context.kind, span);
    sig.asyncness = None;
    if context.kind == Kind::Trait && body.is_some() && options.maybe_send.is_none() {
        arguments::require_send_receiver(&mut sig, &options.krate(span), span);
    }
    if options.boxed.is_some() {
        lifetimes::bound_by_future(&mut sig, context);
    }
    let moves = body.is_some().then(|| arguments::move_into_future(&mut sig));
    sig.output = output.returned();
    let in_needless_braces = body.as_ref().is_some_and(Body::may_be_one_expression);
    let allowed = attributes::allowed(&attrs, in_needless_braces, options.boxed.is_some(), span);
    let Some(body) = body else {
        return quote!(#(#attrs)* #allowed #vis #sig;);
    };
    let (krate, ascribed) = (options.krate(span), &output.ascribed);
    let unreachable = output.never.then(|| quote_spanned!(span=> #[allow(unreachable_code)]));
    let future = quote_spanned! {span=>
        async move {
            if let #krate::__private::Some(__output) = #krate::__private::None::<#ascribed> {
                #unreachable
                return __output;
            }
            #moves
            #body
        }
    };
    let call = output.call(&name, &future);
    let called = on_bridge(options, span, &call);
    quote!(#(#attrs)* #allowed #vis #sig { #called })
}

/// Runs a call on the bridge of the options. The expression of the bridge may name the arguments, so it is
/// evaluated before they move into the future.
fn on_bridge(options: &Options, span: Span, call: &TokenStream) -> TokenStream {
    let Some((_, bridge)) = &options.bridge else {
        return call.clone();
    };
    let krate = options.krate(span);
    quote_spanned! {span=>
        let __bridge = <#krate::Bridge as #krate::__private::Clone>::clone(&#bridge);
        let __call = { #call };
        #krate::Call::on(__call, &__bridge)
    }
}
